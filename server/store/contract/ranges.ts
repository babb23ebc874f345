import { beforeEach, expect, it } from 'vitest';
import { bytes, everyKey, type StoreSubject } from './subject.ts';

/** S3, S9: order, bounds, limits, and bytes that are nobody else's. */
export function rangesContract(subject: StoreSubject): void {
  const { list, read, store, write } = subject;

  beforeEach(() =>
    store().transact(async (transaction) => {
      for (const key of ['a', 'b', 'c', 'd', 'e']) transaction.set(bytes(key), bytes(key.toUpperCase()));
    }),
  );

  it('S3 ranges take their begin and leave their end', async () => {
    const range = { begin: bytes('b'), end: bytes('d') };
    expect(await list({}, range)).toEqual(['b=B', 'c=C']);
    expect(await list({ reverse: true }, range)).toEqual(['c=C', 'b=B']);
    expect(await list({ limit: 1, reverse: true }, range)).toEqual(['c=C']);
    expect(await list({ limit: 0 }, range)).toEqual([]);
    expect(await list({}, { begin: bytes('b'), end: bytes('b') })).toEqual([]);
    expect(await list({ reverse: true }, { begin: bytes('0'), end: bytes('zz') })).toHaveLength(5);
  });

  it('S3 orders keys by bytes and gives back empty values', async () => {
    const keys = ['01', '00', '7f', '80', 'fe', 'feff', '0000'].map((hex) => new Uint8Array(Buffer.from(hex, 'hex')));
    await store().transact(async (transaction) => {
      transaction.clearRange(everyKey);
      for (const key of keys) transaction.set(key, new Uint8Array());
    });
    const pairs = await store().transact((transaction) => transaction.getRange(everyKey));
    const hex = (key: Uint8Array) => Buffer.from(key).toString('hex');
    expect(pairs.map(({ key }) => hex(key))).toEqual(['00', '0000', '01', '7f', '80', 'fe', 'feff']);
    expect(pairs.every(({ value }) => value.length === 0)).toBe(true);
    expect(await read(Uint8Array.of(0))).toBe('');
  });

  it.each([
    ['an empty key', async () => write(new Uint8Array(), 'x')],
    ['a reserved key', async () => write(Uint8Array.of(0xff), 'x')],
    ['a range that ends before it begins', async () => list({}, { begin: bytes('b'), end: bytes('a') })],
    ['a range beyond 0xff', async () => list({}, { begin: bytes('b'), end: Uint8Array.of(0xff, 0) })],
  ])('S3 refuses %s', async (_name, attempt) => {
    await expect(attempt()).rejects.toMatchObject({ code: 'invalid_request' });
  });

  it('S9 bytes are copied on the way in and out', async () => {
    await store().transact(async (transaction) => {
      const key = bytes('k');
      const value = bytes('kept');
      transaction.set(key, value);
      key.fill(0x7a);
      value.fill(0x7a);
      (await transaction.get(bytes('k')))?.fill(0x7a);
      for (const pair of await transaction.getRange(everyKey)) pair.value.fill(0x7a);
    });
    await store().transact(async (transaction) => {
      (await transaction.get(bytes('k')))?.fill(0x7a);
      for (const pair of await transaction.getRange(everyKey)) pair.value.fill(0x7a);
    });
    expect(await list()).toEqual(['a=A', 'b=B', 'c=C', 'd=D', 'e=E', 'k=kept']);
  });
}
