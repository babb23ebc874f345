import { chmodSync, mkdirSync, mkdtempSync, realpathSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { systemClock } from '../../../lib/base/clock.ts';
import { InotifyWatcher } from './inotify.ts';
import { type Libc, loadLibc } from './libc.ts';
import type { WatchEvent } from './watcher.ts';
import { watcherContract } from './watcher-contract.ts';

watcherContract('inotify', (options) => new InotifyWatcher({ ...options, libc: loadLibc() }));

let base = '';
let root = '';
let events: WatchEvent[] = [];
let open: InotifyWatcher[] = [];

beforeEach(() => {
  base = realpathSync(mkdtempSync(join(tmpdir(), 'inotify-')));
  root = join(base, 'root');
  mkdirSync(root);
  events = [];
  open = [];
});

afterEach(async () => {
  await Promise.all(open.map((watcher) => watcher.close()));
  rmSync(base, { recursive: true, force: true });
});

function watcherWith(libc: Libc): InotifyWatcher {
  const watcher = new InotifyWatcher({
    root,
    state: base,
    clock: systemClock,
    ignored: () => false,
    onEvents: (batch) => events.push(...batch),
    onFault: (error) => {
      throw error;
    },
    libc,
  });
  open.push(watcher);
  return watcher;
}

test('draining waits for every event of what happened before', async () => {
  const watcher = watcherWith(loadLibc());
  watcher.watch('');
  for (let round = 0; round < 200; round += 1) {
    writeFileSync(join(root, `file${round}`), 'x');
    expect(await watcher.drain()).toBe(true);
    expect(events.some((event) => event.kind === 'changed' && event.path === `file${round}`)).toBe(true);
  }
});

test('a rename is one event with both names, a change in a renamed folder has its new path', async () => {
  mkdirSync(join(root, 'a/deep'), { recursive: true });
  mkdirSync(join(root, 'b'));
  const watcher = watcherWith(loadLibc());
  for (const folder of ['', 'a', 'a/deep', 'b']) watcher.watch(folder);
  renameSync(join(root, 'a'), join(root, 'b/c'));
  writeFileSync(join(root, 'b/c/deep/file'), 'x');
  await watcher.drain();
  expect(events[0]).toEqual({ kind: 'moved', from: 'a', to: 'b/c' });
  expect(events.slice(1).every((event) => event.kind === 'changed' && event.path === 'b/c/deep/file')).toBe(true);
  expect(events.length).toBeGreaterThan(1);
  expect(watcher.watches).toBe(4);
});

test('a folder that is moved over an empty one is watched in its place', async () => {
  mkdirSync(join(root, 'a/deep'), { recursive: true });
  mkdirSync(join(root, 'b'));
  const watcher = watcherWith(loadLibc());
  for (const folder of ['', 'a', 'a/deep', 'b']) watcher.watch(folder);
  renameSync(join(root, 'a'), join(root, 'b'));
  await watcher.drain();
  expect(watcher.watches).toBe(3);
  events = [];
  writeFileSync(join(root, 'b/deep/file'), 'x');
  await watcher.drain();
  expect(events).toContainEqual({ kind: 'changed', path: 'b/deep/file', settled: true });
});

test('a folder that leaves the workspace is watched no more', async () => {
  mkdirSync(join(root, 'a/deep'), { recursive: true });
  const watcher = watcherWith(loadLibc());
  for (const folder of ['', 'a', 'a/deep']) watcher.watch(folder);
  renameSync(join(root, 'a'), join(base, 'gone'));
  await watcher.drain();
  expect(events).toEqual([{ kind: 'changed', path: 'a', settled: true }]);
  expect(watcher.watches).toBe(1);
  events = [];
  writeFileSync(join(base, 'gone/deep/file'), 'x');
  await watcher.drain();
  expect(events).toEqual([]);
});

test("the kernel's overflow is heard", async () => {
  for (const name of ['a', 'b']) writeFileSync(join(root, name), '');
  const watcher = watcherWith(loadLibc());
  watcher.watch('');
  // Alternating names, so that the kernel merges nothing; this process takes nothing in meanwhile.
  for (let turn = 0; turn < 60_000; turn += 1) chmodSync(join(root, turn % 2 ? 'a' : 'b'), 0o600);
  expect(await watcher.drain()).toBe(false);
  expect(events.filter(({ kind }) => kind === 'lost')).toHaveLength(1);
  events = [];
  writeFileSync(join(root, 'c'), 'x');
  expect(await watcher.drain()).toBe(true);
  expect(events).toContainEqual({ kind: 'changed', path: 'c', settled: true });
});

test('without watches or instances left it says so, and heals', async () => {
  const libc = loadLibc();
  let code: string | undefined = 'EMFILE';
  const failing = () => {
    if (code) throw Object.assign(new Error(code), { code });
  };
  const watcher = watcherWith({
    ...libc,
    inotifyInit() {
      if (code === 'EMFILE') failing();
      return libc.inotifyInit();
    },
    inotifyAddWatch(input) {
      failing();
      return libc.inotifyAddWatch(input);
    },
  });
  expect(watcher.watch('')).toBe('no_watches');
  code = 'ENOSPC';
  expect(watcher.watch('')).toBe('no_watches');
  expect(await watcher.drain()).toBe(false);
  code = undefined;
  expect(watcher.watch('')).toBe('watching');
  writeFileSync(join(root, 'file'), 'x');
  expect(await watcher.drain()).toBe(true);
  expect(events.length).toBeGreaterThan(0);
});
