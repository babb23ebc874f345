import { expect, it } from 'vitest';
import type { Transaction } from '../store.ts';
import { pack, rangeOf } from '../tuple.ts';
import type { StoreSubject } from './subject.ts';

/** S4: what counts as read, to the key. */
export function readSetsContract({ read, repeatsBodies, store, write }: StoreSubject): void {
  it.each<[string, (transaction: Transaction) => Promise<unknown>]>([
    ['a key', (transaction) => transaction.get(pack(['seat', 1]))],
    ['a range', (transaction) => transaction.getRange(rangeOf(['seat']))],
  ])('S4 counts a cleared range as a change of %s in it', async (_name, look) => {
    await write(pack(['seat', 1]), 'x');
    let runs = 0;
    const seen = await store().transact(async (transaction) => {
      const found = await look(transaction);
      runs += 1;
      if (runs === 1) await store().transact(async (other) => other.clearRange(rangeOf(['seat'])));
      transaction.set(pack(['copy']), new Uint8Array());
      return found;
    });
    expect(seen ?? []).toEqual([]);
  });

  it.each([
    ['first', {}, 1],
    ['last', { reverse: true }, 3],
  ])('S4 the last pair that a limit let through has been read: the %s', async (_name, options, seat) => {
    for (const id of [1, 2, 3]) await write(pack(['seat', id]), 'free');
    let runs = 0;
    await store().transact(async (transaction) => {
      const [pair] = await transaction.getRange(rangeOf(['seat']), { limit: 1, ...options });
      runs += 1;
      if (runs === 1) await write(pack(['seat', seat]), 'taken');
      transaction.set(pack(['copy']), pair?.value ?? new Uint8Array());
    });
    expect(await read(pack(['copy']))).toBe('taken');
  });

  it('S4 what a limit kept back has not been read', async () => {
    for (const id of [1, 2, 3]) await write(pack(['seat', id]), 'free');
    let runs = 0;
    await store().transact(async (transaction) => {
      await transaction.getRange(rangeOf(['seat']), { limit: 1 });
      runs += 1;
      if (runs === 1) await write(pack(['seat', 2]), 'taken');
      transaction.set(pack(['copy']), new Uint8Array());
    });
    if (!repeatsBodies) expect(runs).toBe(1);
  });
}
