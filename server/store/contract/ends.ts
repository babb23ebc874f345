import { expect, it } from 'vitest';
import type { Store } from '../store.ts';
import { bytes, type StoreSubject } from './subject.ts';

/** S6, S8, S12: how transactions and stores end. */
export function endsContract(subject: StoreSubject): void {
  const { list, reopen, store, write } = subject;

  it('S6 leaves nothing of a body that throws', async () => {
    const thrown = new Error('no');
    const attempt = store().transact(async (transaction) => {
      transaction.set(bytes('a'), bytes('x'));
      await transaction.get(bytes('b'));
      throw thrown;
    });
    await expect(attempt).rejects.toBe(thrown);
    const thrownAtOnce = store().transact(() => {
      throw thrown;
    });
    await expect(thrownAtOnce).rejects.toBe(thrown);
    expect(await list()).toEqual([]);
  });

  it('S8 cannot be used after its end', async () => {
    let kept: Parameters<Parameters<Store['transact']>[0]>[0] | undefined;
    await store().transact(async (transaction) => {
      kept = transaction;
    });
    await expect(kept?.get(bytes('a'))).rejects.toMatchObject({ code: 'internal' });
    expect(() => kept?.set(bytes('a'), bytes('x'))).toThrow(expect.objectContaining({ code: 'internal' }));
    expect(await list()).toEqual([]);
  });

  it('S12 close lets what is under way finish, refuses the rest, twice', async () => {
    const begun = Promise.withResolvers<void>();
    const goOn = Promise.withResolvers<void>();
    const order: string[] = [];
    const underWay = store().transact(async (transaction) => {
      begun.resolve();
      await goOn.promise;
      transaction.set(bytes('a'), bytes('last'));
    });
    await begun.promise;
    const closing = Promise.all([store().close(), store().close()]).then(() => order.push('closed'));
    await expect(write(bytes('b'), 'x')).rejects.toMatchObject({ code: 'internal' });
    goOn.resolve();
    await underWay.then(() => order.push('finished'));
    await closing;
    expect(order).toEqual(['finished', 'closed']);
    await store().close();
    if (await reopen()) expect(await list()).toEqual(['a=last']);
  });
}
