import type { Clock } from '../base/clock.ts';
import { Disposables } from '../base/disposables.ts';
import { limits } from '../contracts/limits.ts';
import type { SessionChange } from '../contracts/records.ts';
import type { Connection } from './connection.ts';

type Stored = Pick<SessionChange, 'files' | 'layout'>;

/**
 * Stores what a session remembers (open files, layout) soon after it changes, one change at a time and only when it
 * differs from what is stored. What could not be stored waits for the next attachment.
 */
export class SessionSaver implements Disposable {
  readonly #connection: Connection;
  readonly #clock: Clock;
  readonly #snapshot: () => Stored;
  readonly #ending = new Disposables();
  #timer: Disposable | undefined;
  #saving = false;
  #stored = '';

  constructor(options: { connection: Connection; clock: Clock; snapshot: () => Stored }) {
    this.#connection = options.connection;
    this.#clock = options.clock;
    this.#snapshot = options.snapshot;
    this.#ending.add(options.connection.onAttached(() => this.changed()));
  }

  /** Something that is remembered may have changed. */
  changed(): void {
    this.#timer?.[Symbol.dispose]();
    this.#timer = this.#clock.after(limits.sessionSaveDelayMs, () => void this.flush());
  }

  /** Stores now. */
  async flush(): Promise<void> {
    this.#timer?.[Symbol.dispose]();
    this.#timer = undefined;
    const change = this.#snapshot();
    const text = JSON.stringify(change);
    if (text === this.#stored || this.#ending.ended) return;
    if (this.#saving) return this.changed();
    this.#saving = true;
    try {
      await this.#connection.request('session.change', change);
      this.#stored = text;
    } catch {
      // Not stored: the next change or attachment tries again.
    } finally {
      this.#saving = false;
    }
  }

  [Symbol.dispose](): void {
    this.#timer?.[Symbol.dispose]();
    this.#ending[Symbol.dispose]();
  }
}
