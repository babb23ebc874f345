import type { Random } from '../../lib/base/random.ts';
import { CoditectError } from '../../lib/contracts/errors.ts';
import type { Key, KeyRange, RangeOptions, Store, Transaction } from './store.ts';

export interface ChaosOptions {
  random: Random;
  /** How often, 0 to 1, a run is thrown away and the body runs again: a conflict, or an unknown commit that failed. */
  discarded?: number;
  /** How often the body runs again although its run was committed: an unknown commit that succeeded. */
  repeated?: number;
  /** How often a read waits a turn of the event loop, so that transactions overlap. */
  paused?: number;
  /** How often a watch wakes for nothing. */
  woken?: number;
}

/**
 * A store that uses all the liberties of {@link Store}, to find callers that count on what it does not promise: bodies
 * with effects outside the transaction, and bodies that are not idempotent.
 */
export function chaosStore(
  inner: Store,
  { random, discarded = 0.3, repeated = 0.2, paused = 0.3, woken = 0.3 }: ChaosOptions,
): Store {
  const happens = (probability: number) => uniform(random) < probability;
  const pause = async () => {
    if (happens(paused)) await new Promise((resolve) => setImmediate(resolve));
  };
  const closing = new AbortController();
  const underWay = new Set<Promise<unknown>>();

  async function runs<T>(body: (transaction: Transaction) => Promise<T>): Promise<T> {
    const run = (transaction: Transaction) => body(pausing(transaction, pause));
    while (happens(discarded)) await discard(inner, run);
    while (happens(repeated)) await inner.transact(run);
    return inner.transact(run);
  }
  return {
    async transact(body) {
      closing.signal.throwIfAborted();
      const result = runs(body);
      underWay.add(result);
      return result.finally(() => underWay.delete(result));
    },
    async watch(seen, signal) {
      const either = AbortSignal.any([signal, closing.signal]);
      either.throwIfAborted();
      await pause();
      if (!happens(woken)) await inner.watch(seen, either);
    },
    async close() {
      closing.abort(new CoditectError('internal', 'The store is closed.'));
      // The inner store must not close between two runs of one body.
      await Promise.allSettled(underWay);
      await inner.close();
    },
  };
}

/** Runs `body` without a commit. What it throws comes out, as it does from a run that would have been committed. */
async function discard(inner: Store, body: (transaction: Transaction) => Promise<unknown>): Promise<void> {
  const abandoned = new Error('abandoned on purpose');
  try {
    await inner.transact(async (transaction) => {
      await body(transaction);
      throw abandoned;
    });
  } catch (error) {
    if (error !== abandoned) throw error;
  }
}

function pausing(inner: Transaction, pause: () => Promise<void>): Transaction {
  return {
    async get(key: Key) {
      await pause();
      return inner.get(key);
    },
    async getRange(range: KeyRange, options?: RangeOptions) {
      await pause();
      return inner.getRange(range, options);
    },
    set: (key, value) => inner.set(key, value),
    clear: (key) => inner.clear(key),
    clearRange: (range) => inner.clearRange(range),
  };
}

/** From 0 up to, not including, 1. */
function uniform(random: Random): number {
  const [high = 0, low = 0] = random.bytes(2);
  return (high * 256 + low) / 65_536;
}
