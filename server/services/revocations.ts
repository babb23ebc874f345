import { type Clock, delay } from '../../lib/base/clock.ts';
import { Emitter } from '../../lib/base/emitter.ts';
import type { LoginId } from '../../lib/contracts/ids.ts';
import { operatorKeyspace } from '../store/keyspace.ts';
import type { Transaction } from '../store/store.ts';
import type { ServiceContext } from './context.ts';

/** The log is polled this often as well, should a watch be lost. */
const pollMs = 2_000;
const pageMax = 500;

/** Appends a login to the log that every replica follows, in the transaction that ends it. */
export async function revokeLogin(transaction: Transaction, loginId: LoginId, at: number): Promise<void> {
  const seq = ((await operatorKeyspace.revocationHead.get(transaction)) ?? 0) + 1;
  operatorKeyspace.revocation.set(transaction, { seq, loginId, at }, seq);
  operatorKeyspace.revocationHead.set(transaction, seq);
}

/** Follows the revocation log from now on and emits each login that ends. */
export class RevocationFollower implements Disposable {
  readonly revoked = new Emitter<LoginId>();
  #context: ServiceContext;
  #ended = new AbortController();
  #cursor = 0;

  private constructor(context: ServiceContext) {
    this.#context = context;
  }

  static async open(context: ServiceContext): Promise<RevocationFollower> {
    const follower = new RevocationFollower(context);
    follower.#cursor = await context.store.transact(
      async (transaction) => (await operatorKeyspace.revocationHead.get(transaction)) ?? 0,
    );
    void follower.#follow();
    return follower;
  }

  [Symbol.dispose](): void {
    this.#ended.abort();
  }

  async #follow(): Promise<void> {
    const { clock, logger } = this.#context;
    while (!this.#ended.signal.aborted) {
      try {
        const known = await this.#read();
        await this.#changed(known, clock);
      } catch (error) {
        if (this.#ended.signal.aborted) return;
        logger.error({ error }, 'the revocation log could not be read; trying again');
        await delay(clock, pollMs, this.#ended.signal).catch(() => undefined);
      }
    }
  }

  /** Emits what is new and answers with the head's stored bytes. */
  async #read(): Promise<Uint8Array | undefined> {
    const { head, rows } = await this.#context.store.transact(async (transaction) => {
      const range = {
        ...operatorKeyspace.revocation.range(),
        begin: operatorKeyspace.revocation.key(this.#cursor + 1),
      };
      return {
        head: await transaction.get(operatorKeyspace.revocationHead.key()),
        rows: await operatorKeyspace.revocation.list(transaction, range, { limit: pageMax }),
      };
    });
    for (const row of rows) {
      this.#cursor = row.seq;
      this.revoked.emit(row.loginId);
    }
    return rows.length === pageMax ? this.#read() : head;
  }

  async #changed(known: Uint8Array | undefined, clock: Clock): Promise<void> {
    const waiting = new AbortController();
    const signal = AbortSignal.any([waiting.signal, this.#ended.signal]);
    const watched = this.#context.store.watch({ key: operatorKeyspace.revocationHead.key(), known }, signal);
    try {
      await Promise.race([watched, delay(clock, pollMs, signal)]);
    } finally {
      waiting.abort();
      await watched.catch(() => undefined);
    }
  }
}
