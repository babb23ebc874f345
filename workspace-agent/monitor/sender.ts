import type { Logger } from 'pino';
import { type Backoff, backoffMs } from '../../lib/base/backoff.ts';
import { type Clock, delay } from '../../lib/base/clock.ts';
import type { Random } from '../../lib/base/random.ts';
import { isCoditectError } from '../../lib/contracts/errors.ts';
import type { MonitorSettings, monitorPushes } from '../../lib/contracts/protocol/workspace.ts';
import type { Connection } from '../connection.ts';
import type { Ledger } from './ledger.ts';
import type { Drained } from './rest.ts';

const backoff: Backoff = { baseMs: 200, maxMs: 10_000 };

export type MonitorConnection = Pick<
  Connection<typeof monitorPushes>,
  'connected' | 'request' | 'send' | 'onConnected' | 'onDisconnected'
>;

export interface SenderOptions {
  connection: MonitorConnection;
  ledger: Ledger;
  version: string;
  clock: Clock;
  random: Random;
  logger: Logger;
  onSettings(settings: MonitorSettings): void;
  /** The server has acknowledged more, or the connection came or went. */
  onProgress(): void;
  /** The server's end of this spool is not where the spool can go on: a new one must be begun. */
  onMismatch(): void;
}

/**
 * Carries the spool to the server: what is durable here is sent at once, what gathers while a batch is under way goes
 * with the next one, and after a new connection the server says where to go on.
 */
export class Sender {
  #options: SenderOptions;
  /** Counts connections; a loop of an earlier one ends by itself. */
  #epoch = 0;
  #greeted = false;
  #sending = false;
  #drained: Drained | undefined;
  #drainedSent = 0;
  #fault: string | null = null;
  #subscriptions: Disposable[];
  #closed = new AbortController();

  constructor(options: SenderOptions) {
    this.#options = options;
    const { connection, ledger } = options;
    this.#subscriptions = [
      ledger.spool.onDurable(() => this.#wake()),
      connection.onDisconnected(() => {
        this.#epoch += 1;
        this.#greeted = false;
        options.onProgress();
      }),
      connection.onConnected(() => {
        this.#epoch += 1;
        this.#greeted = false;
        void this.#greet(this.#epoch);
      }),
    ];
  }

  get greeted(): boolean {
    return this.#greeted;
  }

  /** Why the server does not take entries just now. */
  get fault(): string | null {
    return this.#fault;
  }

  /** Everything before a time has been recorded, and the server is to know. */
  drained(drained: Drained): void {
    this.#drained = drained;
    this.#wake();
  }

  close(): void {
    this.#closed.abort();
    this.#epoch += 1;
    for (const subscription of this.#subscriptions) subscription[Symbol.dispose]();
  }

  async #greet(epoch: number): Promise<void> {
    const { connection, ledger, version } = this.#options;
    const { spool } = ledger;
    await this.#trying(epoch, async () => {
      const { seq, settings } = await connection.request('monitor.hello', { version, spool: spool.id });
      if (epoch !== this.#epoch) return;
      if (seq > spool.durableSeq || seq < spool.firstSeq - 1) return this.#options.onMismatch();
      ledger.acknowledge(seq);
      this.#greeted = true;
      // A drained time that an earlier connection took with it is told again.
      this.#drainedSent = 0;
      this.#options.onSettings(settings);
      this.#options.onProgress();
      this.#wake();
    });
  }

  #wake(): void {
    if (!this.#greeted || this.#sending) return;
    this.#sending = true;
    const epoch = this.#epoch;
    void this.#send(epoch).finally(() => {
      this.#sending = false;
      // A new connection may have greeted while the loop of the old one came to its end.
      if (epoch !== this.#epoch) this.#wake();
    });
  }

  async #send(epoch: number): Promise<void> {
    const { ledger, connection } = this.#options;
    const { spool } = ledger;
    while (epoch === this.#epoch) {
      const firstSeq = spool.acknowledgedSeq + 1;
      const batch = spool.read(firstSeq);
      const last = firstSeq + batch.length - 1;
      const drained = this.#drained && this.#drained.seq <= last ? this.#drained.at : null;
      if (batch.length === 0 && (drained === null || drained <= this.#drainedSent)) return;
      const entries = batch.map(({ entry }) => entry);
      await this.#trying(epoch, async () => {
        const params = { spool: spool.id, firstSeq, entries, drainedAt: drained };
        const { seq } = await connection.request('trail.append', params);
        if (epoch !== this.#epoch) return;
        ledger.acknowledge(seq);
        this.#drainedSent = drained ?? this.#drainedSent;
        this.#options.onProgress();
      });
    }
  }

  /** Does `task` until it succeeds or the connection is another one. */
  async #trying(epoch: number, task: () => Promise<void>): Promise<void> {
    const { clock, random, logger } = this.#options;
    for (let attempt = 0; epoch === this.#epoch; attempt += 1) {
      try {
        await task();
        this.#fault = null;
        return;
      } catch (error) {
        if (epoch !== this.#epoch) return;
        this.#fault = error instanceof Error ? error.message : String(error);
        logger.warn({ err: error, attempt }, 'The server did not take what the monitor sent');
        this.#options.onProgress();
        const asked = isCoditectError(error) ? (error.details.retryAfterMs ?? 0) : 0;
        const waitMs = Math.max(asked, backoffMs(backoff, attempt, random));
        await delay(clock, waitMs, this.#closed.signal).catch(() => {});
      }
    }
  }
}
