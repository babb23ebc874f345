import { expect, it } from 'vitest';
import { limits } from '../../../lib/contracts/limits.ts';
import { pack } from '../tuple.ts';
import { bytes, everyKey, type StoreSubject } from './subject.ts';

/** S7: each limit, at it and beyond. */
export function limitsContract(subject: StoreSubject): void {
  const { list, read, store, write, clock } = subject;

  it('S7 storeKeyBytesMax', async () => {
    const longest = new Uint8Array(limits.storeKeyBytesMax).fill(0xfe);
    await write(longest, 'fits');
    expect(await read(longest)).toBe('fits');
    const prefix = { begin: Uint8Array.of(...longest, 0), end: Uint8Array.of(...longest, 0xff) };
    expect(await list({ reverse: true }, prefix)).toEqual([]);
    expect(
      await store().transact((transaction) => transaction.getRange({ begin: longest, end: prefix.end })),
    ).toHaveLength(1);
    const tooLong = new Uint8Array(limits.storeKeyBytesMax + 1);
    await expect(write(tooLong, 'x')).rejects.toMatchObject({ code: 'too_large' });
    await expect(read(tooLong)).rejects.toMatchObject({ code: 'too_large' });
  });

  it('S7 storeValueBytesMax', async () => {
    const largest = new Uint8Array(limits.storeValueBytesMax).fill(7);
    await store().transact(async (transaction) => transaction.set(bytes('a'), largest));
    const [stored, [pair]] = await store().transact(
      async (transaction) => [await transaction.get(bytes('a')), await transaction.getRange(everyKey)] as const,
    );
    expect(Buffer.compare(stored ?? new Uint8Array(), largest)).toBe(0);
    expect(Buffer.compare(pair?.value ?? new Uint8Array(), largest)).toBe(0);
    const tooLarge = new Uint8Array(limits.storeValueBytesMax + 1);
    const attempt = store().transact(async (transaction) => transaction.set(bytes('b'), tooLarge));
    await expect(attempt).rejects.toMatchObject({ code: 'too_large' });
  });

  it('S7 storeTransactionBytesMax', async () => {
    const value = new Uint8Array(limits.storeValueBytesMax);
    const count = limits.storeTransactionBytesMax / limits.storeValueBytesMax;
    const fill = (values: number) =>
      store().transact(async (transaction) => {
        for (let id = 0; id < values; id += 1) transaction.set(pack([id]), value);
      });
    await expect(fill(count)).rejects.toMatchObject({ code: 'too_large' });
    expect(await list()).toEqual([]);
    await fill(count - 1);
    expect(await store().transact((transaction) => transaction.getRange(everyKey))).toHaveLength(count - 1);
  });

  it('S7 storeTransactionMsMax', async () => {
    const begun = Promise.withResolvers<void>();
    const slow = store().transact(async (transaction) => {
      transaction.set(bytes('a'), bytes('x'));
      begun.resolve();
      await new Promise(() => {});
    });
    const refused = expect(slow).rejects.toMatchObject({ code: 'too_large' });
    await begun.promise;
    await clock().advance(limits.storeTransactionMsMax);
    await refused;
    expect(await list()).toEqual([]);
  });
}
