import { expect, it } from 'vitest';
import { pack, rangeOf } from '../tuple.ts';
import { bytes, meeting, type StoreSubject, text } from './subject.ts';

/** S4: as if one ran after the other. */
export function serialisableContract(subject: StoreSubject): void {
  const { read, store, write } = subject;

  const counter = pack(['counter']);
  const numberOf = (value: Uint8Array | undefined) => Number(text(value) ?? 0);

  it('S4 loses no update of many at once', async () => {
    await Promise.all(
      Array.from({ length: 40 }, (_, id) =>
        store().transact(async (transaction) => {
          // The mark makes the increment idempotent, see S11.
          if (await transaction.get(pack(['mark', id]))) return;
          const value = numberOf(await transaction.get(counter));
          transaction.set(counter, bytes(String(value + 1)));
          transaction.set(pack(['mark', id]), new Uint8Array());
        }),
      ),
    );
    expect(await read(counter)).toBe('40');
  });

  it('S4 allows no write skew', async () => {
    const onCall = [pack(['ann']), pack(['bob'])] as const;
    for (const key of onCall) await write(key, 'yes');
    const meet = meeting(2);
    const leave = (own: Uint8Array, other: Uint8Array) =>
      store().transact(async (transaction) => {
        const stays = text(await transaction.get(other));
        await meet();
        if (stays === 'yes') transaction.set(own, bytes('no'));
      });
    await Promise.all([leave(onCall[0], onCall[1]), leave(onCall[1], onCall[0])]);
    expect([await read(onCall[0]), await read(onCall[1])].sort()).toEqual(['no', 'yes']);
  });

  it.each([
    ['in a range read', {}],
    ['in a range read with a limit', { limit: 1 }],
    ['in a range read from its end', { limit: 1, reverse: true }],
  ])('S4 allows no phantom %s', async (_name, options) => {
    const meet = meeting(2);
    const book = (id: string) =>
      store().transact(async (transaction) => {
        const taken = await transaction.getRange(rangeOf(['seat']), options);
        await meet();
        if (taken.length === 0) transaction.set(pack(['seat', id]), bytes(id));
      });
    await Promise.all([book('a'), book('b')]);
    expect(await store().transact((transaction) => transaction.getRange(rangeOf(['seat'])))).toHaveLength(1);
  });

  it('S4 every reader sees a constant total while it moves about', async () => {
    const accounts = Array.from({ length: 8 }, (_, id) => pack(['account', id]));
    for (const key of accounts) await write(key, '100');
    const totals: number[] = [];
    const move = (id: number) =>
      store().transact(async (transaction) => {
        if (await transaction.get(pack(['moved', id]))) return;
        const [from, to] = [accounts[id % 8], accounts[(id * 5 + 3) % 8]] as [Uint8Array, Uint8Array];
        if (from === to) return;
        transaction.set(from, bytes(String(numberOf(await transaction.get(from)) - 7)));
        transaction.set(to, bytes(String(numberOf(await transaction.get(to)) + 7)));
        transaction.set(pack(['moved', id]), new Uint8Array());
      });
    const audit = async () => {
      const pairs = await store().transact((transaction) => transaction.getRange(rangeOf(['account'])));
      totals.push(pairs.reduce((total, pair) => total + numberOf(pair.value), 0));
    };
    await Promise.all(Array.from({ length: 60 }, (_, id) => (id % 3 === 0 ? audit() : move(id))));
    await audit();
    expect(new Set(totals)).toEqual(new Set([800]));
  });
}
