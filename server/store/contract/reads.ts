import { beforeEach, expect, it } from 'vitest';
import { bytes, everyKey, type StoreSubject, text } from './subject.ts';

/** S2: one state, with one's own writes over it. */
export function readsContract(subject: StoreSubject): void {
  const { list, store, write } = subject;

  beforeEach(() =>
    store().transact(async (transaction) => {
      for (const key of ['a', 'b', 'c', 'd', 'e']) transaction.set(bytes(key), bytes(key.toUpperCase()));
    }),
  );

  it('S2 sees its own writes over the state it began with', async () => {
    const seen = await store().transact(async (transaction) => {
      transaction.set(bytes('bb'), bytes('new'));
      transaction.set(bytes('c'), bytes('changed'));
      transaction.clear(bytes('a'));
      const single = [await transaction.get(bytes('c')), await transaction.get(bytes('a'))].map(text);
      const pairs = await transaction.getRange(everyKey);
      return { single, pairs: pairs.map(({ key, value }) => `${text(key)}=${text(value)}`) };
    });
    expect(seen.single).toEqual(['changed', undefined]);
    expect(seen.pairs).toEqual(['b=B', 'bb=new', 'c=changed', 'd=D', 'e=E']);
    expect(await list()).toEqual(seen.pairs);
  });

  it('S2 sees cleared ranges, and what was set after them', async () => {
    const seen = await store().transact(async (transaction) => {
      transaction.set(bytes('cc'), bytes('gone'));
      transaction.clearRange({ begin: bytes('b'), end: bytes('d') });
      transaction.set(bytes('c'), bytes('back'));
      const limited = await transaction.getRange(everyKey, { limit: 2 });
      const reversed = await transaction.getRange(everyKey, { limit: 3, reverse: true });
      const gone = await transaction.get(bytes('b'));
      return { limited: limited.map(({ key }) => text(key)), reversed: reversed.map(({ key }) => text(key)), gone };
    });
    expect(seen).toEqual({ limited: ['a', 'c'], reversed: ['e', 'd', 'c'], gone: undefined });
    expect(await list()).toEqual(['a=A', 'c=back', 'd=D', 'e=E']);
  });

  it('S2 keeps the state it began with while others commit', async () => {
    let runs = 0;
    const seen = await store().transact(async (transaction) => {
      const before = text(await transaction.get(bytes('a')));
      runs += 1;
      await write(bytes('a'), `other ${runs}`);
      await write(bytes('b'), `other ${runs}`);
      return [before, text(await transaction.get(bytes('a'))), text(await transaction.get(bytes('b')))];
    });
    expect(seen[1]).toBe(seen[0]);
    expect(seen[2]).toBe(runs === 1 ? 'B' : `other ${runs - 1}`);
  });
}
