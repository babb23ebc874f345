import { mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../../lib/base/clock.ts';
import type { AgentOptions, SelfCheckReport } from '../agent.ts';
import { exists, hashAtOnce } from './look.ts';
import { Spool } from './spool/spool.ts';
import { openWatcher } from './watch/open-watcher.ts';
import type { WatchEvent } from './watch/watcher.ts';

const answerMs = 5_000;
/** SHA-256 of `abc`, the example of FIPS 180-4. */
const abcSha256 = 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad';

/**
 * The monitor's `test`: the watcher on a folder of its own, the hash against a published value, a spool that is
 * opened again, and the central server by `GET {gateway_url}/healthz`. It neither enrols nor connects as the
 * workspace's monitor, so the one that runs keeps its connection, its spool and its index.
 */
export async function selfCheck(options: AgentOptions): Promise<SelfCheckReport> {
  const { config, clock } = options;
  const base = config.state ?? '/tmp';
  const checks: [string, () => Promise<string>][] = [
    ['workspace', async () => `${await realpath(config.root)} is there`],
    ['watcher', () => inScratch(base, (folder) => checkWatcher(folder, clock))],
    ['hash', () => inScratch(base, checkHash)],
    ['spool', () => inScratch(base, (folder) => checkSpool(folder, options))],
    ['server', () => checkServer(config.gateway_url)],
  ];
  const lines: string[] = [];
  let ok = true;
  for (const [name, check] of checks) {
    try {
      lines.push(`${name}: ok, ${await check()}`);
    } catch (error) {
      ok = false;
      lines.push(`${name}: FAILED, ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  return { ok, lines };
}

async function inScratch(base: string, check: (folder: string) => Promise<string>): Promise<string> {
  const folder = await realpath(await mkdtemp(join(base, 'coditect-test-')));
  try {
    return await check(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function checkWatcher(folder: string, clock: Clock): Promise<string> {
  const root = await mkdtemp(join(folder, 'root-'));
  let heard = (_events: WatchEvent[]) => {};
  const told = new Promise<void>((resolve, reject) => {
    heard = (events) => {
      if (events.some((event) => event.kind === 'changed' && event.path === 'file')) resolve();
    };
    clock.after(answerMs, () => reject(new Error(`no event within ${answerMs} ms`)));
  });
  let fault: unknown;
  const watcher = await openWatcher({
    root,
    state: folder,
    clock,
    ignored: () => false,
    onEvents: (events) => heard(events),
    onFault: (error) => {
      fault = error;
    },
  });
  try {
    const result = watcher.watch('');
    if (result !== 'watching') throw new Error(`the folder cannot be watched: ${result}`);
    const startMs = clock.monotonic();
    await writeFile(join(root, 'file'), 'abc');
    await told;
    const by = watcher.tellsLost ? 'inotify' : `chokidar (${fault ?? 'this system has no inotify'})`;
    return `${by} told of a new file after ${Math.round(clock.monotonic() - startMs)} ms`;
  } finally {
    await watcher.close();
  }
}

async function checkHash(folder: string): Promise<string> {
  const path = join(folder, 'abc');
  await writeFile(path, 'abc');
  const found = exists(path);
  if (found.kind !== 'there') throw new Error('a file just written is not there');
  const reading = hashAtOnce(path, found.stats);
  if (reading.kind !== 'read' || reading.sha256 !== abcSha256) throw new Error('SHA-256 gives a wrong value');
  return 'SHA-256 gives the published value';
}

async function checkSpool(folder: string, options: AgentOptions): Promise<string> {
  const entry = {
    kind: 'gap_closed' as const,
    type: null,
    path: '' as never,
    previousPath: null,
    mode: null,
    linkTarget: null,
    size: null,
    sha256: null,
    unhashed: null,
    coalesced: 0,
    reason: null,
    rules: null,
    observedAt: options.clock.now(),
  };
  const written = Spool.open({ ...options, folder });
  const startMs = options.clock.monotonic();
  written.append(entry);
  await written.flushed();
  const tookMs = options.clock.monotonic() - startMs;
  await written.close();
  const again = Spool.open({ ...options, folder });
  const { lastSeq, id } = again;
  await again.close();
  if (lastSeq !== 1 || id !== written.id) throw new Error('an entry written was not there when it was opened again');
  return `an entry is durable after ${tookMs.toFixed(1)} ms`;
}

async function checkServer(gatewayUrl: string): Promise<string> {
  const url = new URL('/healthz', gatewayUrl);
  const response = await fetch(url, { signal: AbortSignal.timeout(answerMs) }).catch((cause: unknown) => {
    throw new Error(`${url} cannot be reached`, { cause });
  });
  if (!response.ok) throw new Error(`${url} answers ${response.status}`);
  return `${url} answers ${response.status}`;
}
