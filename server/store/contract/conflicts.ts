import { expect, it } from 'vitest';
import { limits } from '../../../lib/contracts/limits.ts';
import { pack, rangeOf } from '../tuple.ts';
import { bytes, meeting, type StoreSubject, text } from './subject.ts';

/** S5, S11: bodies that run again. */
export function conflictsContract(subject: StoreSubject): void {
  const { read, repeatsBodies, store, write } = subject;

  const counter = pack(['counter']);
  const numberOf = (value: Uint8Array | undefined) => Number(text(value) ?? 0);

  it('S5 runs again on a newer state after a conflict', async () => {
    const seen: (string | undefined)[] = [];
    await write(counter, 'old');
    await store().transact(async (transaction) => {
      const value = text(await transaction.get(counter));
      seen.push(value);
      if (value === 'old') await write(counter, 'new');
      transaction.set(pack(['copy']), bytes(value ?? ''));
    });
    expect(seen[0]).toBe('old');
    expect(seen.at(-1)).toBe('new');
    expect(await read(pack(['copy']))).toBe('new');
  });

  it('S5 gives up after storeRetriesMax tries', async () => {
    let runs = 0;
    const hopeless = store().transact(async (transaction) => {
      await transaction.get(counter);
      runs += 1;
      await write(counter, String(runs));
      transaction.set(pack(['copy']), bytes('never'));
    });
    await expect(hopeless).rejects.toMatchObject({ code: 'conflict' });
    if (repeatsBodies) expect(runs).toBeGreaterThanOrEqual(limits.storeRetriesMax);
    else expect(runs).toBe(limits.storeRetriesMax);
    expect(await read(pack(['copy']))).toBeUndefined();
  });

  it('S5 what was only written, not read, never conflicts', async () => {
    let runs = 0;
    const meet = meeting(2);
    const blind = (value: string) =>
      store().transact(async (transaction) => {
        runs += 1;
        transaction.set(counter, bytes(value));
        transaction.clearRange(rangeOf(['seat']));
        await transaction.get(counter);
        await meet();
      });
    await Promise.all([blind('a'), blind('b')]);
    expect(['a', 'b']).toContain(await read(counter));
    if (!repeatsBodies) expect(runs).toBe(2);
  });

  it('S11 takes effect once with an idempotency key', async () => {
    for (let id = 0; id < 20; id += 1) {
      await store().transact(async (transaction) => {
        const done = pack(['done', id]);
        if (await transaction.get(done)) return;
        transaction.set(done, new Uint8Array());
        transaction.set(counter, bytes(String(numberOf(await transaction.get(counter)) + 1)));
      });
    }
    expect(await read(counter)).toBe('20');
  });
}
