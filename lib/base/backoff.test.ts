import fc from 'fast-check';
import { expect, it } from 'vitest';
import { backoffMs } from './backoff.ts';
import { type Random, seededRandom } from './random.ts';

const backoff = { baseMs: 1_000, maxMs: 60_000 };
const always = (byte: number): Random => ({ bytes: (length) => new Uint8Array(length).fill(byte) });

it('doubles up to the greatest wait', () => {
  const longest = Array.from({ length: 9 }, (_, attempt) => backoffMs(backoff, attempt, always(0xff)));
  expect(longest).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000, 60_000]);
  expect(backoffMs(backoff, 5, always(0))).toBe(0);
});

it('is anything from nothing to that, whatever the attempt', () => {
  fc.assert(
    fc.property(fc.nat(100_000), fc.integer(), (attempt, seed) => {
      const wait = backoffMs(backoff, attempt, seededRandom(seed));
      expect(Number.isInteger(wait)).toBe(true);
      expect(wait).toBeGreaterThanOrEqual(0);
      expect(wait).toBeLessThanOrEqual(backoff.maxMs);
    }),
  );
  const random = seededRandom(1);
  const mean =
    Array.from({ length: 2_000 }, () => backoffMs(backoff, 10, random)).reduce((sum, ms) => sum + ms, 0) / 2_000;
  expect(Math.abs(mean - backoff.maxMs / 2)).toBeLessThan(2_000);
});
