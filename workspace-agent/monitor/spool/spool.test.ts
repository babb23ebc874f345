import { appendFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { systemClock } from '../../../lib/base/clock.ts';
import { seededRandom, systemRandom } from '../../../lib/base/random.ts';
import { limits } from '../../../lib/contracts/limits.ts';
import type { WirePath } from '../../../lib/contracts/path.ts';
import type { ObservedEntry } from '../../../lib/contracts/trail.ts';
import { Spool, SpoolDamaged } from './spool.ts';

let folder = '';
let open: Spool[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'spool-'));
  open = [];
});

afterEach(async () => {
  await Promise.all(open.map((spool) => spool.close().catch(() => {})));
  rmSync(folder, { recursive: true, force: true });
});

function opened(bytesMax?: number): Spool {
  const logger = pino({ level: 'silent' });
  const bound = bytesMax === undefined ? {} : { bytesMax };
  const spool = Spool.open({ folder, clock: systemClock, random: systemRandom, logger, ...bound });
  open.push(spool);
  return spool;
}

async function closed(spool: Spool): Promise<void> {
  open = open.filter((other) => other !== spool);
  await spool.close();
}

function entry(number: number, linkTarget: string | null = null): ObservedEntry {
  return {
    kind: 'modified',
    type: 'file',
    path: `file${number}` as WirePath,
    previousPath: null,
    mode: 0o644,
    linkTarget,
    size: number,
    sha256: null,
    unhashed: 'unreadable',
    coalesced: 0,
    reason: null,
    rules: null,
    observedAt: number,
  };
}

function lastSegment(): string {
  return join(folder, readdirSync(folder).sort().at(-1) ?? '');
}

test('numbers entries from 1 and goes on after a restart, under the same id', async () => {
  const first = opened();
  expect(first.fresh).toBe(true);
  expect([first.append(entry(1)), first.append(entry(2))]).toEqual([1, 2]);
  expect(first.durableSeq).toBe(0);
  await first.flushed();
  expect(first.durableSeq).toBe(2);
  await closed(first);
  const second = opened();
  expect([second.fresh, second.id, second.lastSeq]).toEqual([false, first.id, 2]);
  expect(second.append(entry(3))).toBe(3);
  await second.flushed();
  expect(second.read(1).map(({ seq, entry: { size } }) => [seq, size])).toEqual([
    [1, 1],
    [2, 2],
    [3, 3],
  ]);
});

test('reads nothing that is not durable', async () => {
  const spool = opened();
  spool.append(entry(1));
  expect(spool.read(1)).toEqual([]);
  await spool.flushed();
  expect(spool.read(1)).toHaveLength(1);
});

test('a torn end is cut at whatever byte, and the sequence goes on from what is whole', async () => {
  const spool = opened();
  for (let number = 1; number <= 5; number += 1) spool.append(entry(number));
  await closed(spool);
  const whole = readFileSync(lastSegment());
  const seed = Date.now() % 1_000_000;
  const random = seededRandom(seed);
  for (let round = 0; round < 60; round += 1) {
    const [high = 0, low = 0, kind = 0, junk = 0] = random.bytes(4);
    // Not into the head: that is written before the segment has its name in use.
    const cut = 120 + ((high * 256 + low) % (whole.length - 120));
    writeFileSync(lastSegment(), whole);
    truncateSync(lastSegment(), cut);
    if (kind % 2) appendFileSync(lastSegment(), Buffer.alloc(junk, kind));
    const again = opened();
    const { lastSeq } = again;
    expect(lastSeq, `seed ${seed}, cut at ${cut}`).toBeLessThan(5);
    expect(again.append(entry(99))).toBe(lastSeq + 1);
    await closed(again);
    const third = opened();
    expect(third.read(1).map(({ entry: { size } }) => size)).toEqual([
      ...Array.from({ length: lastSeq }, (_, at) => at + 1),
      99,
    ]);
    await closed(third);
  }
});

test('drops whole segments that are acknowledged and in the stored index, never others', async () => {
  const spool = opened();
  const big = 'x'.repeat(8_000);
  for (let number = 1; number <= 1_500; number += 1) {
    spool.append(entry(number, big));
    if (number % 100 === 0) await spool.flushed();
  }
  expect(readdirSync(folder).length).toBeGreaterThan(2);
  spool.acknowledge(1_400);
  spool.release(0);
  expect(spool.firstSeq).toBe(1);
  spool.release(1_400);
  expect(spool.firstSeq).toBeGreaterThan(1);
  expect(spool.firstSeq).toBeLessThanOrEqual(1_401);
  const { firstSeq, id } = spool;
  await closed(spool);
  const again = opened();
  expect([again.id, again.firstSeq, again.lastSeq]).toEqual([id, firstSeq, 1_500]);
  expect([...again.replay(1_490)].map(({ seq }) => seq)).toEqual([
    1_491, 1_492, 1_493, 1_494, 1_495, 1_496, 1_497, 1_498, 1_499, 1_500,
  ]);
});

test('batches keep their bounds, for a sender that keeps up and for one that lags', async () => {
  const spool = opened();
  for (let number = 1; number <= 2_500; number += 1) spool.append(entry(number, 'y'.repeat(number % 3_000)));
  await spool.flushed();
  const sizes = (source: Spool) => {
    const batches: number[] = [];
    for (let seq = 1; seq <= 2_500; ) {
      const batch = source.read(seq);
      expect(batch[0]?.seq).toBe(seq);
      expect(batch.length).toBeLessThanOrEqual(limits.trailBatchEntriesMax);
      expect(batch.length).toBeGreaterThan(0);
      expect(batch.reduce((sum, { bytes }) => sum + bytes, 0)).toBeLessThanOrEqual(limits.trailBatchBytesMax);
      batches.push(batch.length);
      seq += batch.length;
    }
    return batches;
  };
  const live = sizes(spool);
  expect(Math.max(...live)).toBeGreaterThan(100);
  await closed(spool);
  expect(sizes(opened()).reduce((sum, size) => sum + size, 0)).toBe(2_500);
});

test('says how full it is', async () => {
  const spool = opened(1024 * 1024);
  expect(spool.pressure).toBeLessThan(0.1);
  for (let number = 1; number <= 200; number += 1) spool.append(entry(number, 'z'.repeat(6_000)));
  await spool.flushed();
  expect(spool.pressure).toBeGreaterThanOrEqual(1);
  expect(limits.spoolUnackedBytesMax / limits.spoolSegmentBytes).toBeGreaterThan(4);
});

test('a damaged or missing segment before the last is not continued', async () => {
  const spool = opened();
  for (let number = 1; number <= 2_000; number += 1) {
    spool.append(entry(number, 'x'.repeat(8_000)));
    if (number % 100 === 0) await spool.flushed();
  }
  await closed(spool);
  const names = readdirSync(folder).sort();
  expect(names.length).toBeGreaterThan(3);
  const middle = join(folder, names[1] ?? '');
  const bytes = readFileSync(middle);
  bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] ?? 0) ^ 1;
  writeFileSync(middle, bytes);
  expect(() => opened()).toThrow(SpoolDamaged);
  rmSync(middle);
  expect(() => opened()).toThrow(SpoolDamaged);
});

test('a segment that was being made when the process died is made again', async () => {
  const spool = opened();
  spool.append(entry(1));
  await closed(spool);
  writeFileSync(join(folder, `${'2'.padStart(16, '0')}.log`), Buffer.from([1, 2, 3]));
  const again = opened();
  expect(again.append(entry(2))).toBe(2);
});
