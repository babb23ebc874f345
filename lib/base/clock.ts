/**
 * Time, injected. Tests drive {@link ManualClock}; nothing of ours reads `Date.now` or sets a timer by itself,
 * so no test has to sleep.
 */
export interface Clock {
  /** Wall time, milliseconds since the Unix epoch. It may jump; use it for what people read. */
  now(): number;
  /** Monotonic milliseconds from an arbitrary start. Use it for durations and expiry. */
  monotonic(): number;
  /** Calls `callback` once after `delayMs`. Disposing cancels it. */
  after(delayMs: number, callback: () => void): Disposable;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after(delayMs, callback) {
    const timer = setTimeout(callback, delayMs);
    return { [Symbol.dispose]: () => clearTimeout(timer) };
  },
};

/** Resolves after `delayMs`, or rejects with the signal's reason. */
export function delay(clock: Clock, delayMs: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason);
    const onAbort = () => {
      timer[Symbol.dispose]();
      reject(signal?.reason);
    };
    const timer = clock.after(delayMs, () => {
      signal?.removeEventListener('abort', onAbort);
      resolve();
    });
    signal?.addEventListener('abort', onAbort, { once: true });
  });
}

/** A clock that stands still until {@link ManualClock.advance} moves it. For tests. */
export class ManualClock implements Clock {
  #now: number;
  #elapsed = 0;
  #timers = new Set<{ at: number; callback: () => void }>();

  constructor(now = 1_700_000_000_000) {
    this.#now = now;
  }

  now(): number {
    return this.#now;
  }

  monotonic(): number {
    return this.#elapsed;
  }

  after(delayMs: number, callback: () => void): Disposable {
    const timer = { at: this.#elapsed + delayMs, callback };
    this.#timers.add(timer);
    return { [Symbol.dispose]: () => void this.#timers.delete(timer) };
  }

  /** Moves both clocks by `ms`, firing due timers in order and letting promises settle after each. */
  async advance(ms: number): Promise<void> {
    const end = this.#elapsed + ms;
    for (;;) {
      const due = [...this.#timers].filter((timer) => timer.at <= end).sort((a, b) => a.at - b.at)[0];
      if (!due) break;
      this.#timers.delete(due);
      this.#moveTo(due.at);
      due.callback();
      await new Promise<void>((resolve) => setImmediate(resolve));
    }
    this.#moveTo(end);
    await new Promise<void>((resolve) => setImmediate(resolve));
  }

  /** Makes the wall clock jump without time passing, as an NTP step does. */
  jump(ms: number): void {
    this.#now += ms;
  }

  #moveTo(elapsed: number): void {
    this.#now += elapsed - this.#elapsed;
    this.#elapsed = elapsed;
  }
}
