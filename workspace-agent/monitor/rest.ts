import { type Clock, delay } from '../../lib/base/clock.ts';
import type { Ledger } from './ledger.ts';
import type { Recorder } from './recorder.ts';
import type { Scanner } from './scanner.ts';

/** Changes come in flocks; a moment later most of a flock is answered for by one question. */
const gatherMs = 20;

/** Everything that happened before `at` (wall time) is in the entries up to `seq`. */
export interface Drained {
  seq: number;
  at: number;
}

export interface RestOptions {
  recorder: Recorder;
  scanner: Scanner;
  ledger: Ledger;
  clock: Clock;
  onDrained(drained: Drained): void;
}

/** Finds out, after something was heard, up to when everything is recorded. */
export class Rest {
  #options: RestOptions;
  #asking = false;
  #again = false;
  #closed = new AbortController();

  constructor(options: RestOptions) {
    this.#options = options;
  }

  /** Something was heard, or a scan ended. */
  stir(): void {
    this.#again = true;
    if (!this.#asking) void this.#ask();
  }

  close(): void {
    this.#closed.abort();
  }

  async #ask(): Promise<void> {
    const { recorder, scanner, ledger, clock, onDrained } = this.#options;
    this.#asking = true;
    while (this.#again && !this.#closed.signal.aborted) {
      this.#again = false;
      await delay(clock, gatherMs, this.#closed.signal).catch(() => {});
      const at = clock.now();
      const known = await recorder.watcher?.drain();
      await recorder.queue.settled();
      const seq = ledger.spool.lastSeq;
      await ledger.spool.flushed();
      // Within a gap nobody knows; its end stirs again.
      if (known && !scanner.running && !ledger.openGap && !this.#closed.signal.aborted) onDrained({ seq, at });
    }
    this.#asking = false;
  }
}
