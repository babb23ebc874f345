import type { Random } from './random.ts';

export interface Backoff {
  baseMs: number;
  maxMs: number;
}

/**
 * The wait before try number `attempt` (0 = first retry): exponential with full jitter, which spreads clients that
 * failed together (AWS Architecture Blog, "Exponential Backoff and Jitter").
 */
export function backoffMs(backoff: Backoff, attempt: number, random: Random): number {
  const ceiling = Math.min(backoff.maxMs, backoff.baseMs * 2 ** Math.min(attempt, 30));
  const [high = 0, low = 0] = random.bytes(2);
  return Math.round((ceiling * (high * 256 + low)) / 65_535);
}
