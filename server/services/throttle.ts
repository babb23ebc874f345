import type { Clock } from '../../lib/base/clock.ts';
import { CoditectError } from '../../lib/contracts/errors.ts';
import { limits } from '../../lib/contracts/limits.ts';

/** How many keys are remembered; the oldest is forgotten first. */
export const throttledKeysMax = 10_000;

/** Counts failures by key in a sliding window and refuses more than `attemptsMax`. */
export class Throttle {
  #clock: Clock;
  #attemptsMax: number;
  #failures = new Map<string, number[]>();

  constructor(clock: Clock, attemptsMax: number = limits.signInAttemptsMax) {
    this.#clock = clock;
    this.#attemptsMax = attemptsMax;
  }

  /** @throws CoditectError `rate_limited` with the time to wait. */
  check(key: string): void {
    const recent = this.#recent(key);
    const oldest = recent[recent.length - this.#attemptsMax];
    if (oldest === undefined) return;
    const retryAfterMs = Math.max(1, Math.ceil(oldest + limits.signInWindowMs - this.#clock.monotonic()));
    const minutes = Math.ceil(retryAfterMs / 60_000);
    throw new CoditectError('rate_limited', `Too many attempts. Try again in ${minutes} min.`, { retryAfterMs });
  }

  /** Counts an attempt before its outcome is known, so that many at once do not slip through. */
  add(key: string): void {
    const recent = this.#recent(key);
    this.#failures.delete(key);
    this.#failures.set(key, [...recent, this.#clock.monotonic()].slice(-this.#attemptsMax));
    if (this.#failures.size <= throttledKeysMax) return;
    const eldest = this.#failures.keys().next().value;
    if (eldest !== undefined) this.#failures.delete(eldest);
  }

  /** Forgets a key after a success. */
  clear(key: string): void {
    this.#failures.delete(key);
  }

  #recent(key: string): number[] {
    const since = this.#clock.monotonic() - limits.signInWindowMs;
    return (this.#failures.get(key) ?? []).filter((at) => at > since);
  }
}
