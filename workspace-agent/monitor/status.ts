import type { Clock } from '../../lib/base/clock.ts';
import type { MonitorStatus } from '../../lib/contracts/records.ts';

/** The status is told when it changes, this often at most. */
const intervalMs = 500;

export interface StatusOptions {
  clock: Clock;
  read(): MonitorStatus;
  /** Answers false when nobody could be told. */
  send(status: MonitorStatus): boolean;
}

/** Tells the server how well the trail is being kept, when that changes. */
export class StatusTeller {
  #options: StatusOptions;
  #told = '';
  #timer: Disposable | undefined;
  #closed = false;

  constructor(options: StatusOptions) {
    this.#options = options;
  }

  /** Something may have changed. */
  changed(): void {
    if (this.#closed || this.#timer) return;
    this.#tell();
    this.#timer = this.#options.clock.after(intervalMs, () => {
      this.#timer = undefined;
      this.#tell();
    });
  }

  /** A new connection knows nothing yet. */
  forget(): void {
    this.#told = '';
  }

  close(): void {
    this.#closed = true;
    this.#timer?.[Symbol.dispose]();
  }

  #tell(): void {
    const status = this.#options.read();
    const text = JSON.stringify(status);
    if (text !== this.#told && this.#options.send(status)) this.#told = text;
  }
}
