import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Clock, ManualClock } from '../../lib/base/clock.ts';
import { limits } from '../../lib/contracts/limits.ts';
import { historyContract } from './contract-history.ts';
import type { Store } from './store.ts';
import { pack, rangeOf } from './tuple.ts';

export interface OpenedStore {
  store: Store;
  /** Closes and opens again, for stores that outlive a process. */
  reopen?: () => Promise<Store>;
  dispose: () => Promise<void>;
}

const bytes = (text: string) => new Uint8Array(Buffer.from(text));
const text = (value: Uint8Array | undefined) => value && Buffer.from(value).toString();
const all = { begin: new Uint8Array(), end: Uint8Array.of(0xff) };

/** The rules of `SPEC.md` that hold for every driver. */
export function storeContract(name: string, open: (clock: Clock) => Promise<OpenedStore>): void {
  describe(`store: ${name}`, () => {
    let opened: OpenedStore;
    let store: Store;
    let clock: ManualClock;

    beforeEach(async () => {
      clock = new ManualClock();
      opened = await open(clock);
      store = opened.store;
    });
    afterEach(() => opened.dispose());

    const read = (key: Uint8Array) => store.transact(async (transaction) => text(await transaction.get(key)));
    const write = (key: Uint8Array, value: string) =>
      store.transact(async (transaction) => transaction.set(key, bytes(value)));
    const list = async (options?: { limit?: number; reverse?: boolean }, range = all) => {
      const pairs = await store.transact((transaction) => transaction.getRange(range, options));
      return pairs.map(({ key, value }) => `${text(key)}=${text(value)}`);
    };
    /** Lets `count` bodies go on only when all of them have come here once, so that they overlap. */
    const meeting = (count: number) => {
      const { promise, resolve } = Promise.withResolvers<void>();
      let missing = count;
      return () => {
        missing -= 1;
        if (missing === 0) resolve();
        return promise;
      };
    };

    describe('reads and ranges', () => {
      beforeEach(() =>
        store.transact(async (transaction) => {
          for (const key of ['a', 'b', 'c', 'd', 'e']) transaction.set(bytes(key), bytes(key.toUpperCase()));
        }),
      );

      it('S2 sees its own writes over the state it began with', async () => {
        const seen = await store.transact(async (transaction) => {
          transaction.set(bytes('bb'), bytes('new'));
          transaction.set(bytes('c'), bytes('changed'));
          transaction.clear(bytes('a'));
          const single = [await transaction.get(bytes('c')), await transaction.get(bytes('a'))].map(text);
          const pairs = await transaction.getRange(all);
          return { single, pairs: pairs.map(({ key, value }) => `${text(key)}=${text(value)}`) };
        });
        expect(seen.single).toEqual(['changed', undefined]);
        expect(seen.pairs).toEqual(['b=B', 'bb=new', 'c=changed', 'd=D', 'e=E']);
        expect(await list()).toEqual(seen.pairs);
      });

      it('S2 sees cleared ranges, and what was set after them', async () => {
        const seen = await store.transact(async (transaction) => {
          transaction.set(bytes('cc'), bytes('gone'));
          transaction.clearRange({ begin: bytes('b'), end: bytes('d') });
          transaction.set(bytes('c'), bytes('back'));
          const limited = await transaction.getRange(all, { limit: 2 });
          const reversed = await transaction.getRange(all, { limit: 3, reverse: true });
          const gone = await transaction.get(bytes('b'));
          return { limited: limited.map(({ key }) => text(key)), reversed: reversed.map(({ key }) => text(key)), gone };
        });
        expect(seen).toEqual({ limited: ['a', 'c'], reversed: ['e', 'd', 'c'], gone: undefined });
        expect(await list()).toEqual(['a=A', 'c=back', 'd=D', 'e=E']);
      });

      it('S2 keeps the state it began with while others commit', async () => {
        let runs = 0;
        const seen = await store.transact(async (transaction) => {
          const before = text(await transaction.get(bytes('a')));
          runs += 1;
          await write(bytes('a'), `other ${runs}`);
          await write(bytes('b'), `other ${runs}`);
          return [before, text(await transaction.get(bytes('a'))), text(await transaction.get(bytes('b')))];
        });
        expect(seen[1]).toBe(seen[0]);
        expect(seen[2]).toBe(runs === 1 ? 'B' : `other ${runs - 1}`);
      });

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
        const keys = ['01', '00', '7f', '80', 'fe', 'feff', '0000'].map(
          (hex) => new Uint8Array(Buffer.from(hex, 'hex')),
        );
        await store.transact(async (transaction) => {
          transaction.clearRange(all);
          for (const key of keys) transaction.set(key, new Uint8Array());
        });
        const pairs = await store.transact((transaction) => transaction.getRange(all));
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
        const key = bytes('k');
        const value = bytes('kept');
        await store.transact(async (transaction) => {
          transaction.set(key, value);
          key.fill(0x7a);
          value.fill(0x7a);
          (await transaction.get(bytes('k')))?.fill(0x7a);
          key.set(bytes('k'));
          value.set(bytes('kept'));
        });
        await store.transact(async (transaction) => {
          (await transaction.get(bytes('k')))?.fill(0x7a);
          for (const pair of await transaction.getRange(all)) pair.value.fill(0x7a);
        });
        expect(await list()).toEqual(['a=A', 'b=B', 'c=C', 'd=D', 'e=E', 'k=kept']);
      });
    });

    describe('serialisability', () => {
      const counter = pack(['counter']);
      const numberOf = (value: Uint8Array | undefined) => Number(text(value) ?? 0);

      it('S4 loses no update of many at once', async () => {
        await Promise.all(
          Array.from({ length: 40 }, (_, id) =>
            store.transact(async (transaction) => {
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
          store.transact(async (transaction) => {
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
          store.transact(async (transaction) => {
            const taken = await transaction.getRange(rangeOf(['seat']), options);
            await meet();
            if (taken.length === 0) transaction.set(pack(['seat', id]), bytes(id));
          });
        await Promise.all([book('a'), book('b')]);
        expect(await store.transact((transaction) => transaction.getRange(rangeOf(['seat'])))).toHaveLength(1);
      });

      it('S4 counts a cleared range as a change', async () => {
        await write(pack(['seat', 1]), 'x');
        let met = false;
        const seen = await store.transact(async (transaction) => {
          const before = await transaction.getRange(rangeOf(['seat']));
          const single = await transaction.get(pack(['seat', 1]));
          if (!met) {
            met = true;
            await store.transact(async (other) => other.clearRange(rangeOf(['seat'])));
          }
          transaction.set(pack(['copy']), bytes(`${before.length} ${text(single)}`));
          return before.length;
        });
        expect([seen, await read(pack(['copy']))]).toEqual([0, '0 undefined']);
      });

      it('S4 every reader sees a constant total while it moves about', async () => {
        const accounts = Array.from({ length: 8 }, (_, id) => pack(['account', id]));
        for (const key of accounts) await write(key, '100');
        const totals: number[] = [];
        const move = (id: number) =>
          store.transact(async (transaction) => {
            if (await transaction.get(pack(['moved', id]))) return;
            const [from, to] = [accounts[id % 8], accounts[(id * 5 + 3) % 8]] as [Uint8Array, Uint8Array];
            if (from === to) return;
            transaction.set(from, bytes(String(numberOf(await transaction.get(from)) - 7)));
            transaction.set(to, bytes(String(numberOf(await transaction.get(to)) + 7)));
            transaction.set(pack(['moved', id]), new Uint8Array());
          });
        const audit = async () => {
          const pairs = await store.transact((transaction) => transaction.getRange(rangeOf(['account'])));
          totals.push(pairs.reduce((total, pair) => total + numberOf(pair.value), 0));
        };
        await Promise.all(Array.from({ length: 60 }, (_, id) => (id % 3 === 0 ? audit() : move(id))));
        await audit();
        expect(new Set(totals)).toEqual(new Set([800]));
      });

      it('S5 runs again on a newer state after a conflict', async () => {
        const seen: (string | undefined)[] = [];
        await write(counter, 'old');
        await store.transact(async (transaction) => {
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
        const hopeless = store.transact(async (transaction) => {
          await transaction.get(counter);
          runs += 1;
          await write(counter, String(runs));
          transaction.set(pack(['copy']), bytes('never'));
        });
        await expect(hopeless).rejects.toMatchObject({ code: 'conflict' });
        expect(runs).toBeGreaterThanOrEqual(limits.storeRetriesMax);
        expect(await read(pack(['copy']))).toBeUndefined();
      });

      it('S5 what was only written, not read, never conflicts', async () => {
        let runs = 0;
        const meet = meeting(2);
        const blind = (value: string) =>
          store.transact(async (transaction) => {
            runs += 1;
            transaction.set(counter, bytes(value));
            transaction.clearRange(rangeOf(['seat']));
            await transaction.get(counter);
            await meet();
          });
        await Promise.all([blind('a'), blind('b')]);
        expect(['a', 'b']).toContain(await read(counter));
        if (name !== 'chaos') expect(runs).toBe(2);
      });

      it('S11 takes effect once with an idempotency key', async () => {
        for (let id = 0; id < 20; id += 1) {
          await store.transact(async (transaction) => {
            const done = pack(['done', id]);
            if (await transaction.get(done)) return;
            transaction.set(done, new Uint8Array());
            transaction.set(counter, bytes(String(numberOf(await transaction.get(counter)) + 1)));
          });
        }
        expect(await read(counter)).toBe('20');
      });
    });

    describe('ends', () => {
      it('S6 leaves nothing of a body that throws', async () => {
        const thrown = new Error('no');
        const attempt = store.transact(async (transaction) => {
          transaction.set(bytes('a'), bytes('x'));
          await transaction.get(bytes('b'));
          throw thrown;
        });
        await expect(attempt).rejects.toBe(thrown);
        const thrownAtOnce = store.transact(() => {
          throw thrown;
        });
        await expect(thrownAtOnce).rejects.toBe(thrown);
        expect(await list()).toEqual([]);
      });

      it('S8 cannot be used after its end', async () => {
        let kept: Parameters<Parameters<Store['transact']>[0]>[0] | undefined;
        await store.transact(async (transaction) => {
          kept = transaction;
        });
        await expect(kept?.get(bytes('a'))).rejects.toMatchObject({ code: 'internal' });
        expect(() => kept?.set(bytes('a'), bytes('x'))).toThrow(expect.objectContaining({ code: 'internal' }));
        expect(await list()).toEqual([]);
      });

      it('S12 close lets what is under way finish, refuses the rest, twice', async () => {
        const begun = Promise.withResolvers<void>();
        const goOn = Promise.withResolvers<void>();
        const underWay = store.transact(async (transaction) => {
          begun.resolve();
          await goOn.promise;
          transaction.set(bytes('a'), bytes('last'));
          return 'done';
        });
        await begun.promise;
        const closing = Promise.all([store.close(), store.close()]);
        await expect(write(bytes('b'), 'x')).rejects.toMatchObject({ code: 'internal' });
        goOn.resolve();
        expect(await underWay).toBe('done');
        await closing;
        await store.close();
        if (!opened.reopen) return;
        store = await opened.reopen();
        expect(await list()).toEqual(['a=last']);
      });
    });

    describe('limits', () => {
      it('S7 storeKeyBytesMax', async () => {
        const longest = new Uint8Array(limits.storeKeyBytesMax).fill(0xfe);
        await write(longest, 'fits');
        expect(await read(longest)).toBe('fits');
        const prefix = { begin: Uint8Array.of(...longest, 0), end: Uint8Array.of(...longest, 0xff) };
        expect(await list({ reverse: true }, prefix)).toEqual([]);
        expect(
          await store.transact((transaction) => transaction.getRange({ begin: longest, end: prefix.end })),
        ).toHaveLength(1);
        const tooLong = new Uint8Array(limits.storeKeyBytesMax + 1);
        await expect(write(tooLong, 'x')).rejects.toMatchObject({ code: 'too_large' });
        await expect(read(tooLong)).rejects.toMatchObject({ code: 'too_large' });
      });

      it('S7 storeValueBytesMax', async () => {
        const largest = new Uint8Array(limits.storeValueBytesMax).fill(7);
        await store.transact(async (transaction) => transaction.set(bytes('a'), largest));
        const [stored, [pair]] = await store.transact(
          async (transaction) => [await transaction.get(bytes('a')), await transaction.getRange(all)] as const,
        );
        expect(Buffer.compare(stored ?? new Uint8Array(), largest)).toBe(0);
        expect(Buffer.compare(pair?.value ?? new Uint8Array(), largest)).toBe(0);
        const tooLarge = new Uint8Array(limits.storeValueBytesMax + 1);
        const attempt = store.transact(async (transaction) => transaction.set(bytes('b'), tooLarge));
        await expect(attempt).rejects.toMatchObject({ code: 'too_large' });
      });

      it('S7 storeTransactionBytesMax', async () => {
        const value = new Uint8Array(limits.storeValueBytesMax);
        const count = limits.storeTransactionBytesMax / limits.storeValueBytesMax;
        const fill = (values: number) =>
          store.transact(async (transaction) => {
            for (let id = 0; id < values; id += 1) transaction.set(pack([id]), value);
          });
        await expect(fill(count)).rejects.toMatchObject({ code: 'too_large' });
        expect(await list()).toEqual([]);
        await fill(count - 1);
        expect(await store.transact((transaction) => transaction.getRange(all))).toHaveLength(count - 1);
      });

      it('S7 storeTransactionMsMax', async () => {
        const begun = Promise.withResolvers<void>();
        const slow = store.transact(async (transaction) => {
          transaction.set(bytes('a'), bytes('x'));
          begun.resolve();
          await new Promise(() => {});
        });
        const refused = expect(slow).rejects.toMatchObject({ code: 'too_large' });
        await begun.promise;
        await clock.advance(limits.storeTransactionMsMax);
        await refused;
        expect(await list()).toEqual([]);
      });
    });

    describe('watch', () => {
      const key = pack(['watched']);
      const never = new AbortController().signal;

      it('S10 resolves at once when the value differs already', async () => {
        await write(key, 'new');
        await store.watch({ key, known: undefined }, never);
        await store.watch({ key, known: bytes('old') }, never);
        await store.transact(async (transaction) => transaction.clear(key));
        await store.watch({ key, known: bytes('new') }, never);
      });

      it.each<[string, (key: Uint8Array) => Promise<unknown>]>([
        ['a set', (key) => store.transact(async (transaction) => transaction.set(key, bytes('new')))],
        ['a clear', (key) => store.transact(async (transaction) => transaction.clear(key))],
        ['a cleared range', () => store.transact(async (transaction) => transaction.clearRange(all))],
      ])('S10 resolves after %s', async (_name, change) => {
        await write(key, 'old');
        const changed = store.watch({ key, known: bytes('old') }, never);
        await write(pack(['other']), 'x');
        await change(key);
        await changed;
      });

      it('S10 misses no change of many', async () => {
        const last = 50;
        const follow = async () => {
          for (let known = await read(key); known !== String(last); known = await read(key)) {
            await store.watch({ key, known: known === undefined ? undefined : bytes(known) }, never);
          }
        };
        const followers = Promise.all([follow(), follow(), follow()]);
        for (let value = 1; value <= last; value += 1) await write(key, String(value));
        await followers;
      });

      /** Watches until it fails, past all waking for nothing. */
      const watchOn = async (signal: AbortSignal) => {
        for (;;) {
          await store.watch({ key, known: undefined }, signal);
          await new Promise((resolve) => setImmediate(resolve));
        }
      };

      it('S10 rejects with the reason of the signal', async () => {
        const controller = new AbortController();
        const watching = expect(watchOn(controller.signal)).rejects.toThrow('enough');
        await read(key);
        controller.abort(new Error('enough'));
        await watching;
        await expect(store.watch({ key, known: undefined }, controller.signal)).rejects.toThrow('enough');
      });

      it('S10 ends when the store closes', async () => {
        const watching = expect(watchOn(never)).rejects.toMatchObject({ code: 'internal' });
        await read(key);
        await store.close();
        await watching;
      });
    });

    historyContract(() => store);
  });
}
