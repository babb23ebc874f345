import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import * as fs from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import type { CoditectError } from '../../../lib/contracts/errors.ts';
import type { OpId } from '../../../lib/contracts/ids.ts';
import { limits } from '../../../lib/contracts/limits.ts';
import type { WirePath } from '../../../lib/contracts/path.ts';
import {
  area,
  call,
  expectNothingStaged,
  failure,
  files,
  hashOf,
  op,
  reopenFiles,
  root,
  staged,
  wire,
  write,
} from './testing/files-world.ts';

describe('write', () => {
  it('creates a file and says its hash', async () => {
    const result = await write('hello.py', 'print(1)\n', 'absent');
    expect(result).toMatchObject({ done: true, sha256: hashOf('print(1)\n'), unchanged: false });
    expect(fs.readFileSync(join(root, 'hello.py'), 'utf8')).toBe('print(1)\n');
    expect(fs.statSync(join(root, 'hello.py')).mode & 0o7777).toBe(0o644);
    await expectNothingStaged();
  });

  it('replaces the content it was based on, keeps the mode, and leaves nothing staged', async () => {
    fs.writeFileSync(join(root, 'run.sh'), 'old', { mode: 0o750 });
    await write('run.sh', 'new', hashOf('old'));
    expect(fs.readFileSync(join(root, 'run.sh'), 'utf8')).toBe('new');
    expect(fs.statSync(join(root, 'run.sh')).mode & 0o7777).toBe(0o750);
    await expectNothingStaged();
  });

  it.each([
    ['another content', hashOf('base'), 'theirs', hashOf('theirs')],
    ['a file where none was expected', 'absent', 'theirs', hashOf('theirs')],
    ['no file where one was expected', hashOf('base'), undefined, 'absent'],
  ])('is stale on %s', async (_, baseHash, there, met) => {
    if (there !== undefined) fs.writeFileSync(join(root, 'a'), there);
    const error = await failure(write('a', 'mine', baseHash));
    expect(error).toMatchObject({ code: 'stale_write', details: { facts: { sha256: met } } });
    if (there !== undefined) expect(fs.readFileSync(join(root, 'a'), 'utf8')).toBe(there);
    else expect(fs.existsSync(join(root, 'a'))).toBe(false);
    await expectNothingStaged();
  });

  it('answers a retry of the same op alike, and what is there already as unchanged', async () => {
    const opId = op();
    const first = await write('a', 'x', 'absent', opId);
    expect(await write('a', 'x', 'absent', opId)).toEqual(first);
    expect(await write('a', 'x', 'absent')).toMatchObject({ done: true, unchanged: true });
  });

  it('takes a large file in frames, a repeated one too, and tells where to go on', async () => {
    const content = Buffer.alloc(3 * limits.fileFrameBytesMax - 5, 'abcdefg');
    const frame = (offset: number, opId: OpId) =>
      call('file.write', {
        opId,
        path: 'large' as WirePath,
        baseHash: 'absent',
        size: content.length,
        offset,
        bytes: content.subarray(offset, offset + limits.fileFrameBytesMax),
      });
    const opId = op();
    const size = limits.fileFrameBytesMax;
    expect(await frame(size, opId)).toEqual({ done: false, received: 0 });
    expect(await frame(0, opId)).toEqual({ done: false, received: size });
    expect(await frame(2 * size, opId)).toEqual({ done: false, received: size });
    expect(await frame(0, opId)).toEqual({ done: false, received: size });
    const [, last] = await Promise.all([frame(size, opId), frame(2 * size, opId)]);
    expect(last).toMatchObject({ done: true, sha256: hashOf(content) });
    expect(fs.readFileSync(join(root, 'large')).equals(content)).toBe(true);
  });

  it('holds a bounded number of unfinished uploads', async () => {
    const begin = (name: string) =>
      call('file.write', {
        opId: op(),
        path: wire(name),
        baseHash: 'absent',
        size: 2,
        offset: 0,
        bytes: Buffer.from('a'),
      });
    for (let count = 0; count < limits.fileUploadsStagedMax; count += 1) await begin(`f${count}`);
    expect((await failure(begin('one more'))).code).toBe('rate_limited');
    expect(staged().length).toBe(limits.fileUploadsStagedMax);
  });

  it('writes an empty file and any bytes', async () => {
    await write('empty', '', 'absent');
    expect(fs.readFileSync(join(root, 'empty')).length).toBe(0);
    const binary = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));
    await write('binary', binary, 'absent');
    expect(fs.readFileSync(join(root, 'binary')).equals(binary)).toBe(true);
  });

  it('follows a symlink inside the workspace, absolute or relative, and makes what a dangling one names', async () => {
    fs.mkdirSync(join(root, 'real'));
    fs.writeFileSync(join(root, 'real/file'), 'old');
    fs.symlinkSync('real', join(root, 'folder'));
    fs.symlinkSync(join(root, 'folder/file'), join(root, 'absolute'));
    fs.symlinkSync('../real/../folder/new', join(root, 'real/dangling'));
    await write('absolute', 'one', hashOf('old'));
    expect(fs.readFileSync(join(root, 'real/file'), 'utf8')).toBe('one');
    expect(fs.lstatSync(join(root, 'absolute')).isSymbolicLink()).toBe(true);
    await write('folder/dangling', 'two', 'absent');
    expect(fs.readFileSync(join(root, 'real/new'), 'utf8')).toBe('two');
  });

  it('waits for a program that has the file open for writing, and refuses when it stays', async () => {
    fs.writeFileSync(join(root, 'log'), 'base');
    const fd = fs.openSync(join(root, 'log'), 'a');
    const error = await failure(write('log', 'mine', hashOf('base')));
    fs.writeSync(fd, ' more');
    fs.closeSync(fd);
    expect(error).toMatchObject({ code: 'conflict' });
    expect(fs.readFileSync(join(root, 'log'), 'utf8')).toBe('base more');
  });

  it('keeps the old file when the volume is full', async (context) => {
    const small = join(area, 'small');
    fs.mkdirSync(small);
    const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=256k', 'tmpfs', small]).status === 0;
    if (!mounted) return context.skip('mounting a small volume needs root');
    try {
      await reopenFiles(small);
      await write('a', 'old');
      const error = await failure(write('a', Buffer.alloc(limits.fileFrameBytesMax, 'x'), hashOf('old')));
      expect(error.code).toBe('storage_full');
      expect(error.message).toContain('The volume is full');
      expect(fs.readFileSync(join(small, 'a'), 'utf8')).toBe('old');
      expect(fs.readdirSync(join(small, '.coditect/tmp'))).toEqual([]);
    } finally {
      await reopenFiles(root);
      execFileSync('umount', [small]);
    }
  });
});

describe('no update is lost', () => {
  /** Another program that writes numbered contents as quickly as it can until it is told to stop. */
  const writers = {
    'renames over it': `rename(fs.writeFileSync(path + '.new', text) ?? path + '.new', path)`,
    'writes it in place': `fs.writeFileSync(path, text)`,
  };

  it.each(Object.entries(writers))(
    'against a program that %s',
    async (_, statement) => {
      const path = join(root, 'shared');
      const program = `
      const fs = require('node:fs'), rename = fs.renameSync, path = ${JSON.stringify(path)};
      let count = 0, text = '', stop = false;
      process.stdin.on('data', () => { stop = true; });
      const go = () => {
        if (stop) { process.stdout.write(text); process.exit(); }
        text = 'theirs ' + ++count + ' '.repeat(count % 50);
        ${statement};
        setTimeout(go, count % 3);
      };
      go();`;
      let stale = 0;
      for (let round = 0; round < 12; round += 1) {
        fs.writeFileSync(path, 'theirs 0');
        const child = spawn(process.execPath, ['-e', program], { stdio: ['pipe', 'pipe', 'inherit'] });
        let last = '';
        child.stdout.on('data', (bytes) => (last += bytes));
        await vi.waitFor(() => expect(fs.readFileSync(path, 'utf8')).not.toBe('theirs 0'));
        /** What each of ours that was written took the place of. */
        const written = new Map<string, string>();
        for (let tries = 0; tries < 25; tries += 1) {
          const seen = fs.readFileSync(path, 'utf8');
          const mine = `ours ${round}.${tries}`;
          const outcome = await write('shared', mine, hashOf(seen)).catch((error: CoditectError) => error);
          if (outcome instanceof Error) {
            expect(['stale_write', 'conflict']).toContain((outcome as CoditectError).code);
            stale += 1;
          } else written.set(mine, seen);
        }
        child.stdin.write('stop');
        await once(child, 'close');
        // Ours stands only on the very last of theirs, directly or by way of others of ours; else theirs stands. A
        // program that had opened the file just before it was replaced gets its way a moment later.
        await vi.waitFor(() => {
          let text = fs.readFileSync(path, 'utf8');
          while (text !== last && written.has(text)) text = written.get(text) ?? '';
          expect(text).toBe(last);
        }, 3_000);
      }
      expect(stale).toBeGreaterThan(0);
      await expectNothingStaged();
    },
    60_000,
  );
});

it('gives back what was put in place between the check and the exchange', async () => {
  const path = join(root, 'shared');
  fs.writeFileSync(path, '');
  // Sparse, so that the check takes a while and the test little.
  fs.truncateSync(path, 256 * 1024 * 1024);
  const base = execFileSync('sha256sum', [path], { encoding: 'utf8' }).slice(0, 64);
  fs.writeFileSync(join(root, 'new'), 'theirs');
  const outcome = failure(write('shared', 'mine', base));
  await vi.waitFor(() => expect(staged().length).toBe(1));
  fs.renameSync(join(root, 'new'), path);
  expect(await outcome).toMatchObject({ code: 'stale_write', details: { facts: { sha256: hashOf('theirs') } } });
  expect(fs.readFileSync(path, 'utf8')).toBe('theirs');
  await expectNothingStaged();
});

describe('after a host that died', () => {
  it('empties the staging folder and puts back what was taken out unduly', async () => {
    const tmp = join(root, '.coditect/tmp');
    fs.mkdirSync(join(tmp, 'left/over'), { recursive: true });
    const scene = (name: string, content: { inPlace?: string; taken: string; intent: object }) => {
      if (content.inPlace !== undefined) fs.writeFileSync(join(root, name), content.inPlace);
      fs.writeFileSync(join(tmp, name), content.taken);
      fs.writeFileSync(join(tmp, `${name}.intent`), JSON.stringify({ path: name, ...content.intent }));
    };
    const ours = { baseHash: hashOf('base'), sha256: hashOf('ours') };
    scene('foreign', { inPlace: 'ours', taken: 'foreign', intent: ours });
    scene('finished', { inPlace: 'ours', taken: 'base', intent: ours });
    scene('unbegun', { inPlace: 'base', taken: 'ours', intent: ours });
    scene('newer', { inPlace: 'newer', taken: 'foreign', intent: ours });
    scene('deleted', { taken: 'base', intent: { baseHash: hashOf('base'), sha256: null } });
    scene('undeleted', { taken: 'foreign', intent: { baseHash: hashOf('base'), sha256: null } });
    fs.writeFileSync(join(tmp, 'torn.intent'), '{"path"');
    await files.recover();
    const now = fs.readdirSync(root).filter((name) => name !== '.coditect');
    expect(Object.fromEntries(now.map((name) => [name, fs.readFileSync(join(root, name), 'utf8')]))).toEqual({
      foreign: 'foreign',
      finished: 'ours',
      unbegun: 'base',
      newer: 'newer',
      undeleted: 'foreign',
    });
    await expectNothingStaged();
  });

  it('says what is in the way of its folder', async () => {
    fs.rmSync(join(root, '.coditect'), { recursive: true });
    fs.symlinkSync('/tmp', join(root, '.coditect'));
    expect(await failure(write('a', 'x'))).toMatchObject({ code: 'conflict' });
    fs.rmSync(join(root, '.coditect'));
    await write('a', 'x');
    expect(fs.statSync(join(root, '.coditect/tmp')).mode & 0o777).toBe(0o700);
  });
});
