import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { type Clock, systemClock } from '../../lib/base/clock.ts';
import { systemRandom } from '../../lib/base/random.ts';
import { limits } from '../../lib/contracts/limits.ts';
import type { MonitorStatus } from '../../lib/contracts/records.ts';
import { replay } from '../../lib/contracts/replay.ts';
import type { ObservedEntry } from '../../lib/contracts/trail.ts';
import { Recording, type RecordingOptions } from './recording.ts';
import { selfCheck } from './self-check.ts';
import type { MonitorConnection } from './sender.ts';
import { TestGateway } from './testing/gateway.ts';
import { InotifyWatcher } from './watch/inotify.ts';
import { type Libc, loadLibc } from './watch/libc.ts';

/** The long waits of the real one, a hundred times as fast. */
const hurriedClock: Clock = {
  ...systemClock,
  after: (delayMs, callback) => systemClock.after(delayMs >= 5_000 ? delayMs / 100 : delayMs, callback),
};

let base = '';
let recording: Recording | undefined;
let entries: ObservedEntry[] = [];
let statuses: MonitorStatus[] = [];
let accepts = true;

beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), 'recording-'));
  mkdirSync(join(base, 'root'));
  entries = [];
  statuses = [];
  accepts = true;
});
afterEach(async () => {
  await recording?.close();
  recording = undefined;
  rmSync(base, { recursive: true, force: true });
});

/** A gateway within the process: it stores, or holds every answer back. */
function connection(): MonitorConnection {
  const request = async (name: string, params: unknown) => {
    if (name === 'monitor.hello') return { seq: 0, settings: { ignoreRules: [] } };
    await vi.waitFor(() => expect(accepts).toBe(true), { timeout: 60_000, interval: 5 });
    const batch = params as { firstSeq: number; entries: ObservedEntry[] };
    entries.push(...batch.entries.slice(entries.length + 1 - batch.firstSeq));
    return { seq: entries.length };
  };
  return {
    connected: true,
    request: request as MonitorConnection['request'],
    send(_name, params) {
      statuses.push(params as MonitorStatus);
      return true;
    },
    onConnected(listener) {
      listener();
      return { [Symbol.dispose]() {} };
    },
    onDisconnected: () => ({ [Symbol.dispose]() {} }),
  };
}

function options(more: Partial<RecordingOptions> = {}): RecordingOptions {
  return {
    config: {
      workspace_id: 'abc' as never,
      gateway_url: 'http://127.0.0.1:1',
      enrolment: 'test',
      root: join(base, 'root'),
      state: join(base, 'state'),
      ignore_rules: [],
    },
    state: join(base, 'state'),
    version: 'test',
    clock: hurriedClock,
    random: systemRandom,
    logger: pino({ level: 'silent' }),
    connection: connection(),
    onMismatch() {},
    ...more,
  };
}

const gaps = () => entries.flatMap(({ kind, reason }) => (kind.startsWith('gap') ? [reason ?? 'closed'] : []));
const until = (check: () => void) => vi.waitFor(check, { timeout: 15_000, interval: 5 });

test('without watches it scans, says that it is degraded, and heals', async () => {
  const libc = loadLibc();
  let exhausted = true;
  const failing: Libc = {
    ...libc,
    inotifyAddWatch(input) {
      if (exhausted) throw Object.assign(new Error('ENOSPC'), { code: 'ENOSPC' });
      return libc.inotifyAddWatch(input);
    },
  };
  writeFileSync(join(base, 'root/before'), 'x');
  recording = await Recording.start(
    options({ openWatcher: async (watching) => new InotifyWatcher({ ...watching, libc: failing }) }),
  );
  await until(() => expect(statuses.at(-1)?.state).toBe('degraded'));
  expect(statuses.at(-1)?.detail).toContain('watches');
  // Found by a scan; the gap stays open as long as nobody watches.
  writeFileSync(join(base, 'root/during'), 'x');
  await until(() => expect([...replay(entries).keys()]).toEqual(['before', 'during']));
  expect(gaps()).toEqual(['baseline']);
  exhausted = false;
  await until(() => expect(statuses.at(-1)?.state).toBe('live'));
  await until(() => expect(gaps()).toEqual(['baseline', 'closed']));
  expect(limits.scanWithoutWatchesMs).toBe(10_000);
});

test('when too much waits for the server, recording pauses behind a gap and a scan catches up', async () => {
  recording = await Recording.start(options({ spoolBytesMax: 100_000 }));
  await until(() => expect(statuses.at(-1)?.state).toBe('live'));
  accepts = false;
  for (let number = 0; number < 1_000; number += 1) await writeFile(join(base, `root/file${number}`), `${number}`);
  await until(() => expect(statuses.at(-1)?.state).toBe('offline'));
  // Far fewer than were made, and now nothing more is taken in.
  writeFileSync(join(base, 'root/unheard'), 'x');
  const { lastSeq } = recording.ledger.spool;
  expect(lastSeq).toBeLessThan(1_000);
  accepts = true;
  await until(() => expect(replay(entries).size).toBe(1_001));
  // On a machine so busy that the monitor stood still as well, its gap was open already.
  const reason = expect.stringMatching(/^(throttled|stalled)$/);
  await until(() => expect(gaps().slice(2)).toEqual([reason, 'closed']));
  await until(() => expect(statuses.at(-1)?.state).toBe('live'));
});

test('a path that changes without end is hashed at its pace, and what was not seen apart is counted', async () => {
  recording = await Recording.start(options());
  await until(() => expect(statuses.at(-1)?.state).toBe('live'));
  const path = join(base, 'root/log');
  const startMs = performance.now();
  let writes = 0;
  while (performance.now() - startMs < 1_200) {
    writeFileSync(path, `${writes}`);
    writes += 1;
    await new Promise<void>((resolve) => setImmediate(resolve));
  }
  await until(() => expect(replay(entries).get('log' as never)?.size).toBe(String(writes - 1).length));
  const seen = entries.filter(({ path: at }) => at === 'log');
  // A burst, then the pace.
  expect(seen.length).toBeLessThanOrEqual(limits.hashesPerPathPerSecondMax * 3 + 1);
  expect(seen.reduce((sum, { coalesced }) => sum + coalesced, 0)).toBeGreaterThan(seen.length);
});

test('a large file is hashed too, one beyond the limit only named', { timeout: 30_000 }, async () => {
  recording = await Recording.start(options());
  writeFileSync(join(base, 'root/large'), Buffer.alloc(limits.hashAtOnceBytesMax + 1, 7));
  await until(() =>
    expect(replay(entries).get('large' as never)).toMatchObject({
      size: limits.hashAtOnceBytesMax + 1,
      sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
    }),
  );
  const { truncate } = await import('node:fs/promises');
  writeFileSync(join(base, 'root/huge'), '');
  await truncate(join(base, 'root/huge'), limits.hashBytesMax + 1);
  await until(() => expect(entries.findLast(({ path }) => path === 'huge')?.unhashed).toBe('too_large'));
});

test('the self-check says what works, a line each, and what does not', async () => {
  const gateway = await TestGateway.open();
  const { config, ...rest } = options({ clock: systemClock });
  mkdirSync(join(base, 'state'));
  const well = await selfCheck({ ...rest, config: { ...config, gateway_url: gateway.url } });
  expect(well.lines.map((line) => line.split(',')[0])).toEqual([
    'workspace: ok',
    'watcher: ok',
    'hash: ok',
    'spool: ok',
    'server: ok',
  ]);
  expect(well.ok).toBe(true);
  await gateway.close();
  const ill = await selfCheck({ ...rest, config: { ...config, gateway_url: gateway.url, root: join(base, 'no') } });
  expect(ill.ok).toBe(false);
  expect(ill.lines.filter((line) => line.includes('FAILED')).map((line) => line.split(':')[0])).toEqual([
    'workspace',
    'server',
  ]);
});
