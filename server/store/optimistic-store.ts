import type { Clock } from '../../lib/base/clock.ts';
import { CoditectError } from '../../lib/contracts/errors.ts';
import { limits } from '../../lib/contracts/limits.ts';
import { CommitLog } from './commit-log.ts';
import type { Engine } from './engine.ts';
import { type KeyText, keyText } from './key-text.ts';
import { OptimisticTransaction } from './optimistic-transaction.ts';
import type { Key, Store, Transaction } from './store.ts';
import { checkKey } from './store-limits.ts';
import { sameValue, Watches } from './watches.ts';

/** A store over an engine of this process alone; the engine keeps the bytes, all of the semantics are here. */
export function openOptimisticStore(engine: Engine, clock: Clock): Store {
  return new OptimisticStore(engine, clock);
}

/** One try of one transaction, from its snapshot to its commit. */
interface Try {
  transaction: OptimisticTransaction;
  /** The version of its snapshot, or an older one: too old a version costs a retry, never correctness. */
  version: number;
}

interface Waiting {
  attempt: Try;
  settle(outcome: { committed: boolean } | { error: unknown }): void;
}

/**
 * Optimistic concurrency: bodies run side by side on snapshots; a commit stands if nothing that was read has been
 * written since. Commits that arrive while one is being made durable form the next group, so they share its sync.
 */
class OptimisticStore implements Store {
  #engine: Engine;
  #clock: Clock;
  #log = new CommitLog();
  #watches = new Watches();
  /** The version that new snapshots show. Every accepted transaction gets the next one. */
  #version = 0;
  /** Tries whose reads may still have to be checked, oldest first. */
  #open = new Set<Try>();
  #queue: Waiting[] = [];
  #draining = false;
  #underWay = new Set<Promise<unknown>>();
  #closed: Promise<void> | undefined;

  constructor(engine: Engine, clock: Clock) {
    this.#engine = engine;
    this.#clock = clock;
  }

  transact<T>(body: (transaction: Transaction) => Promise<T>): Promise<T> {
    if (this.#closed) return Promise.reject(closedError());
    const result = this.#transact(body);
    this.#underWay.add(result);
    const done = () => this.#underWay.delete(result);
    result.then(done, done);
    return result;
  }

  async watch(seen: { key: Key; known: Uint8Array | undefined }, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (this.#closed) throw closedError();
    checkKey(seen.key);
    const key = keyText(seen.key);
    // Nothing is awaited between the look and the watch, so no commit can slip in between.
    if (!sameValue(this.#read(key), seen.known)) return;
    await this.#watches.add(key, seen.known, signal);
  }

  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    this.#watches.endAll(closedError());
    while (this.#underWay.size > 0) await Promise.allSettled(this.#underWay);
    await this.#engine.close();
  }

  async #transact<T>(body: (transaction: Transaction) => Promise<T>): Promise<T> {
    for (let tries = 0; tries < limits.storeRetriesMax; tries += 1) {
      const attempt = this.#begin();
      try {
        const result = await this.#run(attempt.transaction, body);
        if (attempt.transaction.writes.isEmpty || (await this.#commit(attempt))) return result;
      } finally {
        this.#open.delete(attempt);
      }
    }
    throw new CoditectError('conflict', `Others changed what was read in each of ${limits.storeRetriesMax} tries.`);
  }

  #begin(): Try {
    const attempt = { transaction: new OptimisticTransaction(this.#engine.snapshot()), version: this.#version };
    this.#open.add(attempt);
    return attempt;
  }

  /** Runs `body` and ends the transaction with it, or at its greatest age, so that no snapshot is held for long. */
  async #run<T>(transaction: OptimisticTransaction, body: (transaction: Transaction) => Promise<T>): Promise<T> {
    const expiry = Promise.withResolvers<never>();
    const timer = this.#clock.after(limits.storeTransactionMsMax, () => expiry.reject(tooOldError()));
    try {
      return await Promise.race([body(transaction), expiry.promise]);
    } finally {
      timer[Symbol.dispose]();
      transaction.end();
    }
  }

  /** Resolves to whether it was committed, durably; false means a conflict. */
  #commit(attempt: Try): Promise<boolean> {
    return new Promise((resolve, reject) => {
      this.#queue.push({
        attempt,
        settle: (outcome) => ('error' in outcome ? reject(outcome.error) : resolve(outcome.committed)),
      });
      void this.#drain();
    });
  }

  async #drain(): Promise<void> {
    if (this.#draining) return;
    this.#draining = true;
    while (this.#queue.length > 0) {
      await this.#engine.gather();
      await this.#commitGroup(this.#queue.splice(0));
    }
    this.#draining = false;
  }

  /** Losers are told only after the group is visible, so that their next try sees what they lost to. */
  async #commitGroup(group: readonly Waiting[]): Promise<void> {
    const accepted: Waiting[] = [];
    const refused: Waiting[] = [];
    let version = this.#version;
    for (const waiting of group) {
      const { transaction, version: since } = waiting.attempt;
      if (this.#log.conflicts(transaction.reads, since)) {
        refused.push(waiting);
      } else {
        version += 1;
        this.#log.add(version, transaction.writes);
        accepted.push(waiting);
      }
    }
    const outcome = await this.#apply(accepted);
    // After a failure too: these versions are used up, and what was refused wrote nothing.
    this.#version = version;
    for (const waiting of group) this.#open.delete(waiting.attempt);
    for (const waiting of accepted) waiting.settle(outcome);
    for (const waiting of refused) waiting.settle({ committed: false });
    this.#forget();
  }

  async #apply(accepted: readonly Waiting[]): Promise<{ committed: boolean } | { error: unknown }> {
    const writes = accepted.map((waiting) => waiting.attempt.transaction.writes);
    try {
      if (writes.length > 0) await this.#engine.commit(writes);
    } catch (error) {
      return { error };
    }
    this.#watches.wake(writes, (key) => this.#read(key));
    return { committed: true };
  }

  #forget(): void {
    const [oldest] = this.#open;
    this.#log.forgetUpTo(oldest?.version ?? this.#version);
  }

  #read(key: KeyText): Uint8Array | undefined {
    const snapshot = this.#engine.snapshot();
    try {
      return snapshot.get(key);
    } finally {
      snapshot[Symbol.dispose]();
    }
  }
}

function closedError(): CoditectError {
  return new CoditectError('internal', 'The store is closed.');
}

function tooOldError(): CoditectError {
  return new CoditectError(
    'too_large',
    `A transaction may take ${limits.storeTransactionMsMax} ms, this one took longer.`,
  );
}
