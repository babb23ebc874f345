import {
  appendFileSync,
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { systemClock } from '../../../lib/base/clock.ts';
import { absolutePath, parentOf, type RawPath } from '../raw-path.ts';
import type { WatchEvent, Watcher, WatcherOptions } from './watcher.ts';

export type OpenWatcher = (options: WatcherOptions & { clock: typeof systemClock }) => Watcher | Promise<Watcher>;

/** What every watcher keeps, whatever it is built on. */
export function watcherContract(name: string, open: OpenWatcher): void {
  describe(`${name} as a watcher`, () => {
    let base = '';
    let root = '';
    let watcher: Watcher;
    let events: WatchEvent[] = [];

    beforeEach(async () => {
      base = realpathSync(mkdtempSync(join(tmpdir(), 'watcher-')));
      root = join(base, 'root');
      mkdirSync(join(root, 'folder'), { recursive: true });
      writeFileSync(join(root, 'folder/old'), 'old');
      writeFileSync(join(root, 'moving'), 'moving');
      events = [];
      watcher = await open({
        root,
        state: base,
        clock: systemClock,
        ignored: (path) => path === 'ignored' || path.startsWith('ignored/'),
        onEvents: (batch) => events.push(...batch),
        onFault: (error) => {
          throw error;
        },
      });
      walk('');
      await watcher.drain();
      events = [];
    });

    afterEach(async () => {
      await watcher.close();
      rmSync(base, { recursive: true, force: true });
    });

    /** Watches, then lists, as every user of a watcher does. */
    function walk(folder: RawPath): void {
      expect(watcher.watch(folder)).toBe('watching');
      for (const entry of readdirSync(absolutePath(root, folder), { withFileTypes: true }))
        if (entry.isDirectory()) walk(folder === '' ? entry.name : `${folder}/${entry.name}`);
    }

    /** Waits until something told of the path, by its name or its folder's. */
    const told = (path: RawPath) =>
      vi.waitFor(
        () =>
          expect(events).toSatisfy((all: WatchEvent[]) =>
            all.some(
              (event) =>
                (event.kind === 'changed' && event.path === path) ||
                (event.kind === 'moved' && (event.from === path || event.to === path)) ||
                (event.kind === 'unnamed' && event.folder === parentOf(path)),
            ),
          ),
        { timeout: 5_000, interval: 5 },
      );

    test('tells of files written, appended to, removed and changed in mode', async () => {
      writeFileSync(join(root, 'folder/new'), 'new');
      await told('folder/new');
      events = [];
      appendFileSync(join(root, 'folder/old'), '!');
      await told('folder/old');
      events = [];
      chmodSync(join(root, 'folder/old'), 0o600);
      await told('folder/old');
      events = [];
      rmSync(join(root, 'folder/old'));
      await told('folder/old');
    });

    test('tells of symlinks and folders that come and go', async () => {
      symlinkSync('nowhere', join(root, 'link'));
      mkdirSync(join(root, 'made'));
      await told('link');
      await told('made');
      events = [];
      rmSync(join(root, 'made'), { recursive: true });
      await told('made');
    });

    test('tells of both ends of a rename, and of what leaves and what comes in', async () => {
      renameSync(join(root, 'moving'), join(root, 'folder/moved'));
      await told('moving');
      await told('folder/moved');
      events = [];
      renameSync(join(root, 'folder/moved'), join(base, 'outside'));
      await told('folder/moved');
      events = [];
      renameSync(join(base, 'outside'), join(root, 'inside'));
      await told('inside');
    });

    test('watches a folder that was made later, and goes on watching one that was renamed', async () => {
      mkdirSync(join(root, 'later'));
      await told('later');
      walk('later');
      await watcher.drain();
      writeFileSync(join(root, 'later/file'), '1');
      await told('later/file');
      renameSync(join(root, 'later'), join(root, 'renamed'));
      await told('renamed');
      walk('renamed');
      await watcher.drain();
      events = [];
      writeFileSync(join(root, 'renamed/file'), '2');
      await told('renamed/file');
    });

    test('tells of names that are no text, or hold a newline', async () => {
      writeFileSync(absolutePath(root, 'folder/\xff'), 'bytes');
      await told('folder/\xff');
      writeFileSync(absolutePath(root, 'folder/new\nline'), 'newline');
      await told('folder/new\nline');
    });

    test('answers for a folder that is not there and for a file', async () => {
      expect(['gone', 'watching']).toContain(watcher.watch('nowhere'));
      expect(statSync(join(root, 'moving')).isFile()).toBe(true);
      expect(['gone', 'watching']).toContain(watcher.watch('moving'));
    });

    test('ends, and is not begun again by a watch asked for too late', async () => {
      await watcher.close();
      watcher.watch('');
      events = [];
      writeFileSync(join(root, 'after'), 'the end');
      expect(await watcher.drain()).toBe(false);
      expect(events).toEqual([]);
    });
  });
}
