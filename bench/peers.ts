import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Whom we are measured against. They are installed beside the product, never into it. */
const peers = { wetty: '3.2.0', '@parcel/watcher': '2.6.0' };
const folder = join(tmpdir(), 'coditect-bench-peers');
const startMsMax = 20_000;

/** Installs the peers where they are missing. */
export function installPeers(): void {
  const missing = Object.keys(peers).filter((name) => !existsSync(join(folder, 'node_modules', name)));
  if (missing.length === 0) return;
  mkdirSync(folder, { recursive: true });
  const wanted = Object.entries(peers).map(([name, version]) => `${name}@${version}`);
  const { status } = spawnSync('npm', ['install', '--no-audit', '--no-fund', '--prefix', folder, ...wanted], {
    stdio: 'inherit',
  });
  if (status !== 0) throw new Error('The peers could not be installed');
}

/** `@parcel/watcher`, as far as it is used here. */
interface ParcelWatcher {
  subscribe(
    folder: string,
    hear: (error: Error | null, events: { path: string; type: 'create' | 'update' | 'delete' }[]) => void,
  ): Promise<{ unsubscribe(): Promise<void> }>;
}

export function parcelWatcher(): ParcelWatcher {
  return createRequire(join(folder, 'package.json'))('@parcel/watcher');
}

/** Starts wetty. It is a shell without a password, so on loopback alone; run by root it needs no ssh. */
export async function startWetty(port: number): Promise<{ url: string; process: ChildProcess }> {
  if (process.getuid?.() !== 0) throw new Error('wetty gives a shell without ssh only to root');
  const program = join(folder, 'node_modules/wetty/build/main.js');
  const options = ['--host', '127.0.0.1', '--port', String(port), '--base', '/wetty/', '--command', 'bash'];
  const child = spawn(process.execPath, [program, ...options, '--log-level', 'error'], {
    stdio: 'ignore',
    env: { ...process.env, NODE_ENV: 'production' },
  });
  const url = `http://127.0.0.1:${port}`;
  const until = performance.now() + startMsMax;
  while (!(await fetch(`${url}/wetty`).then(Boolean, () => false))) {
    if (performance.now() > until) throw new Error('wetty did not start');
    await pause(50);
  }
  return { url, process: child };
}

export const pause = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms));
