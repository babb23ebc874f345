import { createHash } from 'node:crypto';
import { delay, systemClock } from '../../lib/base/clock.ts';
import { newId, systemRandom } from '../../lib/base/random.ts';
import { errorTable, isCoditectError } from '../../lib/contracts/errors.ts';
import type { OpId } from '../../lib/contracts/ids.ts';
import type { Client } from './client.ts';

/** A write that the product has said to have done. */
export interface Acknowledged {
  /** Null over the API, which mints it itself. */
  opId: string | null;
  path: string;
  sha256: string;
}

const pauseMs = 20;
const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');
/** No content comes twice, so that a hash names one write. */
const newText = (path: string) => `${path} ${newId(systemRandom)}\n`;

/** Writes through editor and API without a pause, whatever becomes of the processes, until it is told to stop. */
export class Writer {
  readonly acknowledged: Acknowledged[] = [];
  /** What the last acknowledged write through the editor put into the files that nobody else writes. */
  readonly own = new Map<string, string>();
  /** Refusals by code, for the message of a test that fails. */
  readonly refusals: Record<string, number> = {};
  #client: Client;
  #stopped = false;
  #loops: Promise<void>[] = [];

  constructor(client: Client) {
    this.#client = client;
  }

  start(): void {
    this.#loops = [this.#loop((turn) => this.#save(turn)), this.#loop((turn) => this.#put(turn))];
  }

  /** Resolves when the writes under way have been answered. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await Promise.all(this.#loops);
  }

  async #loop(write: (turn: number) => Promise<void>): Promise<void> {
    for (let turn = 0; !this.#stopped; turn += 1) {
      await write(turn);
      await delay(systemClock, pauseMs);
    }
  }

  /** Through the socket: one op, sent again until it is answered. */
  async #save(turn: number): Promise<void> {
    const isOwn = turn % 3 !== 0;
    const path = isOwn ? `own/${turn % 8}` : `shared/${turn % 4}`;
    const text = newText(path);
    const opId = newId<OpId>(systemRandom);
    for (;;) {
      try {
        const result = await this.#client.write({ opId, path, text });
        if (!result.done) throw new Error('A write in one frame was not done');
        this.acknowledged.push({ opId, path, sha256: result.sha256 });
        if (isOwn) this.own.set(path, result.sha256);
        return;
      } catch (error) {
        if (!isCoditectError(error)) throw error;
        this.#refused(error.code);
        if (!errorTable[error.code].retryable) return;
      }
      await delay(systemClock, pauseMs);
    }
  }

  /** Over HTTP each try is a write of its own. */
  async #put(turn: number): Promise<void> {
    const path = turn % 3 === 0 ? `shared/${turn % 4}` : `api/${turn % 8}`;
    const text = newText(path);
    try {
      const response = await this.#client.put(path, text);
      if (response.ok) this.acknowledged.push({ opId: null, path, sha256: sha256(text) });
      else this.#refused((await response.json()).code);
    } catch {
      this.#refused('no answer');
    }
  }

  #refused(code: string): void {
    this.refusals[code] = (this.refusals[code] ?? 0) + 1;
  }
}
