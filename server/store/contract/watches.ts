import { expect, it } from 'vitest';
import { pack } from '../tuple.ts';
import { bytes, everyKey, type StoreSubject } from './subject.ts';

/** S10: no change is missed. */
export function watchesContract(subject: StoreSubject): void {
  const { read, store, write } = subject;

  const key = pack(['watched']);
  const never = new AbortController().signal;

  it('S10 resolves at once when the value differs already', async () => {
    await write(key, 'new');
    await store().watch({ key, known: undefined }, never);
    await store().watch({ key, known: bytes('old') }, never);
    await store().transact(async (transaction) => transaction.clear(key));
    await store().watch({ key, known: bytes('new') }, never);
  });

  it.each<[string, (key: Uint8Array) => Promise<unknown>]>([
    ['a set', (key) => store().transact(async (transaction) => transaction.set(key, bytes('new')))],
    ['a clear', (key) => store().transact(async (transaction) => transaction.clear(key))],
    ['a cleared range', () => store().transact(async (transaction) => transaction.clearRange(everyKey))],
  ])('S10 resolves after %s', async (_name, change) => {
    await write(key, 'old');
    const changed = store().watch({ key, known: bytes('old') }, never);
    await write(pack(['other']), 'x');
    await change(key);
    await changed;
  });

  it('S10 misses no change of many', async () => {
    const last = 50;
    const follow = async () => {
      for (let known = await read(key); known !== String(last); known = await read(key)) {
        await store().watch({ key, known: known === undefined ? undefined : bytes(known) }, never);
      }
    };
    const followers = Promise.all([follow(), follow(), follow()]);
    for (let value = 1; value <= last; value += 1) await write(key, String(value));
    await followers;
  });

  /** Watches until it fails, past all waking for nothing. */
  const watchOn = async (signal: AbortSignal) => {
    for (;;) {
      await store().watch({ key, known: undefined }, signal);
      await new Promise((resolve) => setImmediate(resolve));
    }
  };

  it('S10 rejects with the reason of the signal', async () => {
    const controller = new AbortController();
    const watching = expect(watchOn(controller.signal)).rejects.toThrow('enough');
    await read(key);
    controller.abort(new Error('enough'));
    await watching;
    await expect(store().watch({ key, known: undefined }, controller.signal)).rejects.toThrow('enough');
  });

  it('S10 ends when the store closes', async () => {
    const watching = expect(watchOn(never)).rejects.toMatchObject({ code: 'internal' });
    await read(key);
    await store().close();
    await watching;
  });
}
