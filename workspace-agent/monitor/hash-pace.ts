import type { Clock } from '../../lib/base/clock.ts';
import { limits } from '../../lib/contracts/limits.ts';
import type { RawPath } from './raw-path.ts';

/** Two hashes may follow each other at once (a file is created, then filled); over time the pace holds. */
const burst = limits.hashesPerPathPerSecondMax;
/** After this long without a hash a path has all its room again and is forgotten. */
const forgetMs = 10_000;

/**
 * How often a path may be hashed: a bucket of tokens for each. A large file gets its next token later, so that reading
 * one path takes a bounded share of the disk and the processor.
 */
export class HashPace {
  #clock: Clock;
  #buckets = new Map<RawPath, { tokens: number; atMs: number }>();
  #before = new Map<RawPath, { tokens: number; atMs: number }>();
  #turnedMs = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Takes a token for a file of `bytes` and answers 0, or answers how long to wait for one. */
  take(path: RawPath, bytes: number): number {
    const now = this.#clock.monotonic();
    const intervalMs = Math.max(
      1_000 / limits.hashesPerPathPerSecondMax,
      (bytes / limits.hashBytesPerPathPerSecondMax) * 1_000,
    );
    this.#turn(now, intervalMs);
    const known = this.#buckets.get(path) ?? this.#before.get(path);
    const tokens = known ? Math.min(burst, known.tokens + (now - known.atMs) / intervalMs) : burst;
    if (tokens < 1) return Math.ceil((1 - tokens) * intervalMs);
    this.#buckets.set(path, { tokens: tokens - 1, atMs: now });
    return 0;
  }

  /** Forgets what is old by the generation: no timer, no list of ages. */
  #turn(now: number, intervalMs: number): void {
    if (now - this.#turnedMs < Math.max(forgetMs, intervalMs * burst)) return;
    this.#turnedMs = now;
    this.#before = this.#buckets;
    this.#buckets = new Map();
  }
}
