import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import * as fs from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { systemClock } from '../../../lib/base/clock.ts';
import { newId, systemRandom } from '../../../lib/base/random.ts';
import { type CoditectError, isCoditectError } from '../../../lib/contracts/errors.ts';
import type { OpId } from '../../../lib/contracts/ids.ts';
import { limits } from '../../../lib/contracts/limits.ts';
import { encodePath, type WirePath } from '../../../lib/contracts/path.ts';
import { type BaseHash, fileMethods } from '../../../lib/contracts/protocol/files.ts';
import type { InputOf, ResultOf } from '../../../lib/contracts/protocol/method.ts';
import { Files } from './files.ts';

type Methods = typeof fileMethods;

let area: string;
let root: string;
let files: Files;
const faults: unknown[] = [];

beforeEach(async () => {
  area = fs.mkdtempSync(join(tmpdir(), 'coditect-files-'));
  root = join(area, 'workspace');
  fs.mkdirSync(root);
  files = await openFiles(root);
});

afterEach(async () => {
  await files.close();
  fs.rmSync(area, { recursive: true, force: true });
  expect(faults.splice(0)).toEqual([]);
});

async function openFiles(at: string): Promise<Files> {
  const made = new Files({ root: at, clock: systemClock, onFault: (error) => faults.push(error) });
  await made.recover();
  return made;
}

/** Calls a method as the connection does: parameters are checked, the result too. */
async function call<Name extends keyof Methods>(
  name: Name,
  params: InputOf<Methods[Name]>,
): Promise<ResultOf<Methods[Name]>> {
  const handler = files.handlers[name] as (checked: unknown) => Promise<unknown>;
  const result = await handler(fileMethods[name].params.parse(params));
  return fileMethods[name].result.parse(result) as ResultOf<Methods[Name]>;
}

async function failure(promise: Promise<unknown>): Promise<CoditectError> {
  const error = await promise.then(
    () => new Error('It did not fail'),
    (fault: unknown) => fault,
  );
  if (isCoditectError(error)) return error;
  throw error;
}

const wire = (bytes: Uint8Array | string) => encodePath(Buffer.from(bytes as string));
const hashOf = (bytes: Uint8Array | string) => createHash('sha256').update(bytes).digest('hex');
const op = () => newId<OpId>(systemRandom);
const staged = () => fs.readdirSync(join(root, '.coditect/tmp'));
/** What was replaced is kept for a moment. */
const expectNothingStaged = () => vi.waitFor(() => expect(staged()).toEqual([]), 3_000);

function write(
  path: WirePath | string,
  content: Uint8Array | string,
  baseHash: BaseHash | string = 'any',
  opId = op(),
) {
  const bytes = Buffer.from(content as string);
  return call('file.write', { opId, path: path as WirePath, baseHash, size: bytes.length, offset: 0, bytes });
}

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
      await files.close();
      files = await openFiles(small);
      await write('a', 'old');
      const error = await failure(write('a', Buffer.alloc(limits.fileFrameBytesMax, 'x'), hashOf('old')));
      expect(error.code).toBe('storage_full');
      expect(error.message).toContain('The volume is full');
      expect(fs.readFileSync(join(small, 'a'), 'utf8')).toBe('old');
      expect(fs.readdirSync(join(small, '.coditect/tmp'))).toEqual([]);
      await files.close();
    } finally {
      execFileSync('umount', [small]);
      files = await openFiles(root);
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
      fs.writeFileSync(path, 'theirs 0');
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
      let written = 0;
      let stale = 0;
      for (let round = 0; round < 12; round += 1) {
        const child = spawn(process.execPath, ['-e', program], { stdio: ['pipe', 'pipe', 'inherit'] });
        let last = '';
        child.stdout.on('data', (bytes) => (last += bytes));
        const base = new Map<string, string>();
        let ours = '';
        await vi.waitFor(() => expect(fs.readFileSync(path, 'utf8')).not.toBe('theirs 0'));
        for (let tries = 0; tries < 25; tries += 1) {
          const seen = fs.readFileSync(path, 'utf8');
          const mine = `ours ${round}.${tries}`;
          base.set(mine, seen);
          const outcome = await write('shared', mine, hashOf(seen)).catch((error: CoditectError) => error);
          if (!(outcome instanceof Error)) {
            ours = mine;
            written += 1;
          } else {
            expect(['stale_write', 'conflict']).toContain((outcome as CoditectError).code);
            stale += 1;
          }
        }
        child.stdin.write('stop');
        await once(child, 'close');
        // Ours stands only if it replaced the very last of theirs, knowingly; else theirs stands. A program that had
        // opened the file just before it was replaced gets its way a moment later.
        await vi.waitFor(() => {
          const final = fs.readFileSync(path, 'utf8');
          expect(final === last || (final === ours && base.get(ours) === last), `${final} | ${last} | ${ours}`).toBe(
            true,
          );
        }, 3_000);
      }
      expect(written + stale).toBe(300);
      expect(stale).toBeGreaterThan(0);
      await expectNothingStaged();
    },
    60_000,
  );
});

describe('paths', () => {
  it('takes every name that Linux allows', async () => {
    const names = [
      Buffer.from([0x66, 0xff]),
      Buffer.from('line\nbreak'),
      Buffer.from('b64:x'),
      Buffer.from(' '),
      Buffer.from('é\u0301'),
      Buffer.alloc(255, 'n'),
    ];
    for (const name of names) await write(wire(name), name, 'absent');
    await call('file.create_folder', { opId: op(), path: wire(Buffer.from([0xfe])) });
    await call('file.move', {
      opId: op(),
      from: wire(Buffer.from([0x66, 0xff])),
      to: wire(Buffer.from([0xfe, 0x2f, 0xff])),
    });
    const there = await call('file.read', { path: wire(Buffer.from([0xfe, 0x2f, 0xff])) });
    expect(Buffer.from(there.bytes).equals(Buffer.from([0x66, 0xff]))).toBe(true);
    const { entries } = await call('file.list', { path: '' as WirePath });
    expect(entries.map(({ path }) => path)).toEqual(
      [Buffer.from('.coditect'), Buffer.from([0xfe]), ...names.slice(1)].sort(Buffer.compare).map(wire),
    );
  });

  it.each(['../outside', '/etc/passwd', '../../../../../../etc/passwd'])('refuses a symlink to %s', async (target) => {
    fs.writeFileSync(join(area, 'outside'), 'secret');
    fs.symlinkSync(target, join(root, 'link'));
    fs.symlinkSync('..', join(root, 'up'));
    for (const attempt of [
      () => call('file.read', { path: wire('link') }),
      () => write('link', 'x'),
      () => call('file.read', { path: wire('up/outside') }),
      () => write('up/new', 'x'),
      () => call('file.stat', { path: wire('link'), hash: true }),
      () => call('file.list', { path: wire('up') }),
      () => call('file.move', { opId: op(), from: wire('link'), to: wire('up/link') }),
    ]) {
      const error = await failure(attempt());
      expect(error).toMatchObject({ code: 'forbidden' });
      expect(error.message).toContain('leads out of the workspace');
    }
    expect(fs.readFileSync(join(area, 'outside'), 'utf8')).toBe('secret');
    await call('file.delete', { opId: op(), path: wire('link') });
    expect(fs.existsSync(join(area, 'outside'))).toBe(true);
  });

  it('never leaves the workspace while a folder is swapped for a symlink and back', async () => {
    fs.writeFileSync(join(area, 'file'), 'secret');
    fs.mkdirSync(join(root, 'folder'));
    fs.writeFileSync(join(root, 'folder/file'), 'inside');
    const swapper = `
      const fs = require('node:fs'); process.chdir(${JSON.stringify(root)});
      fs.symlinkSync('..', 'link');
      for (;;) { fs.renameSync('folder', 'aside'); fs.renameSync('link', 'folder'); fs.renameSync('folder', 'link'); fs.renameSync('aside', 'folder'); }`;
    const child = spawn(process.execPath, ['-e', swapper], { stdio: 'ignore' });
    const outcomes = new Set<string>();
    try {
      for (let count = 0; count < 3_000; count += 1) {
        const read = await call('file.read', { path: wire('folder/file') }).catch((error: CoditectError) => error.code);
        outcomes.add(typeof read === 'string' ? read : Buffer.from(read.bytes).toString());
        if (count % 10 === 0) await write('folder/file', 'inside').catch(() => {});
      }
    } finally {
      child.kill('SIGKILL');
      await once(child, 'close');
    }
    expect(outcomes).not.toContain('secret');
    expect(outcomes).toContain('inside');
    expect(outcomes.size).toBeGreaterThan(1);
    expect(fs.readFileSync(join(area, 'file'), 'utf8')).toBe('secret');
  }, 60_000);

  it('says of symlinks in a circle that they are', async () => {
    fs.symlinkSync('b', join(root, 'a'));
    fs.symlinkSync('a', join(root, 'b'));
    expect(await failure(call('file.read', { path: wire('a') }))).toMatchObject({ code: 'conflict' });
    let target = 'end';
    for (let count = 0; count < limits.symlinksFollowedMax; count += 1) {
      fs.symlinkSync(target, join(root, `link${count}`));
      target = `link${count}`;
    }
    await write(target, 'x', 'absent');
    fs.symlinkSync(target, join(root, 'one-more'));
    expect(await failure(call('file.read', { path: wire('one-more') }))).toMatchObject({ code: 'conflict' });
  });

  it('refuses a FIFO, a socket, a device and a folder without touching them', async (context) => {
    execFileSync('mkfifo', [join(root, 'fifo')]);
    const server = createServer().listen(join(root, 'socket'));
    await once(server, 'listening');
    fs.mkdirSync(join(root, 'folder'));
    const device = spawnSync('mknod', [join(root, 'device'), 'c', '1', '5']).status === 0;
    const names = { fifo: 'a FIFO', socket: 'a socket', folder: 'a folder', ...(device ? { device: 'a device' } : {}) };
    for (const [name, what] of Object.entries(names)) {
      for (const attempt of [
        () => call('file.read', { path: wire(name) }),
        () => write(name, 'x'),
        () => call('file.delete', { opId: op(), path: wire(name), baseHash: hashOf('') }),
      ]) {
        const error = await failure(attempt());
        expect(error).toMatchObject({ code: 'conflict', message: `This is ${what}, not a file` });
      }
      expect((await call('file.stat', { path: wire(name), hash: true })).sha256).toBe(null);
    }
    server.close();
    if (!device) context.skip('making a device needs root');
  });
});

describe('list, stat and read', () => {
  it('pages a folder in byte order', async () => {
    const names = ['b', 'B', 'a', 'ä', 'a0', '10', '9'];
    fs.mkdirSync(join(root, 'd'));
    for (const name of names) fs.writeFileSync(join(root, 'd', name), '');
    const seen: string[] = [];
    for (let after: WirePath | null = null; ; ) {
      const page: ResultOf<Methods['file.list']> = await call('file.list', { path: wire('d'), after, limit: 3 });
      seen.push(...page.entries.map(({ path }) => path));
      after = page.next;
      if (after === null) break;
    }
    expect(seen).toEqual(
      names.map((name) => `d/${name}`).sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b))),
    );
    expect(await failure(call('file.list', { path: wire('d'), after: wire('elsewhere') }))).toMatchObject({
      code: 'invalid_request',
    });
    expect(await failure(call('file.list', { path: wire('none') }))).toMatchObject({ code: 'not_found' });
    expect(await failure(call('file.list', { path: wire('d/a') }))).toMatchObject({ code: 'conflict' });
  });

  it('keeps a page of long names within its bytes', async () => {
    const name = (index: number) => `${index}`.padStart(4, '0') + 'n'.repeat(200);
    for (let index = 0; index < 1_000; index += 1) fs.symlinkSync('t'.repeat(1_000), join(root, name(index)));
    const page = await call('file.list', { path: '' as WirePath });
    expect(JSON.stringify(page).length).toBeLessThan(limits.fileListBytesMax * 1.5);
    expect(page.next).not.toBe(null);
    expect(page.entries.length).toBeGreaterThan(300);
  });

  it('describes an entry itself and hashes what a link leads to', async () => {
    fs.writeFileSync(join(root, 'file'), 'content', { mode: 0o640 });
    fs.symlinkSync('file', join(root, 'link'));
    expect(await call('file.stat', { path: wire('file'), hash: true })).toMatchObject({
      type: 'file',
      mode: 0o640,
      size: 7,
      sha256: hashOf('content'),
      linkTarget: null,
    });
    expect(await call('file.stat', { path: wire('link'), hash: true })).toMatchObject({
      type: 'symlink',
      sha256: hashOf('content'),
      linkTarget: 'file',
    });
    expect(await call('file.stat', { path: '' as WirePath })).toMatchObject({
      path: '',
      type: 'directory',
      sha256: null,
    });
  });

  it('reads in ranges and notices a change between them', async () => {
    const content = Buffer.alloc(limits.fileFrameBytesMax + 10, 'z');
    fs.writeFileSync(join(root, 'f'), content);
    const first = await call('file.read', { path: wire('f') });
    expect(first).toMatchObject({ size: content.length, sha256: null });
    const second = await call('file.read', { path: wire('f'), offset: limits.fileFrameBytesMax, stamp: first.stamp });
    expect(second.bytes.length).toBe(10);
    fs.appendFileSync(join(root, 'f'), '!');
    expect(await failure(call('file.read', { path: wire('f'), stamp: first.stamp }))).toMatchObject({
      code: 'conflict',
    });
    fs.writeFileSync(join(root, 'small'), 'abc');
    expect(await call('file.read', { path: wire('small') })).toMatchObject({ sha256: hashOf('abc'), size: 3 });
    expect((await call('file.read', { path: wire('small'), offset: 9 })).bytes.length).toBe(0);
  });
});

describe('create_folder, move and delete', () => {
  it('makes a folder once for one op', async () => {
    const params = { opId: op(), path: wire('d') };
    const first = await call('file.create_folder', params);
    expect(await call('file.create_folder', params)).toEqual(first);
    expect(await failure(call('file.create_folder', { opId: op(), path: wire('d') }))).toMatchObject({
      code: 'conflict',
    });
    expect(await failure(call('file.create_folder', { opId: op(), path: wire('no/d') }))).toMatchObject({
      code: 'not_found',
    });
  });

  it('moves without replacing, and no folder into itself', async () => {
    fs.mkdirSync(join(root, 'd'));
    fs.writeFileSync(join(root, 'a'), 'a');
    fs.writeFileSync(join(root, 'd/b'), 'b');
    expect(await failure(call('file.move', { opId: op(), from: wire('a'), to: wire('d/b') }))).toMatchObject({
      code: 'conflict',
    });
    expect(await failure(call('file.move', { opId: op(), from: wire('d'), to: wire('d/e') }))).toMatchObject({
      code: 'invalid_request',
    });
    expect(await failure(call('file.move', { opId: op(), from: wire('none'), to: wire('x') }))).toMatchObject({
      code: 'not_found',
    });
    await call('file.move', { opId: op(), from: wire('a'), to: wire('d/a') });
    expect(fs.readdirSync(join(root, 'd'))).toEqual(['a', 'b']);
  });

  it('deletes files, links and folders', async () => {
    fs.mkdirSync(join(root, 'd/e'), { recursive: true });
    fs.writeFileSync(Buffer.concat([Buffer.from(join(root, 'd/e/')), Buffer.of(0xff)]), '');
    fs.symlinkSync('d', join(root, 'link'));
    await call('file.delete', { opId: op(), path: wire('link') });
    expect(await failure(call('file.delete', { opId: op(), path: wire('d') }))).toMatchObject({ code: 'conflict' });
    await call('file.delete', { opId: op(), path: wire('d'), recursive: true });
    expect(fs.readdirSync(root)).toEqual(['.coditect']);
    await expectNothingStaged();
    expect(await failure(call('file.delete', { opId: op(), path: wire('d') }))).toMatchObject({ code: 'not_found' });
    expect(await failure(call('file.delete', { opId: op(), path: wire('.coditect'), recursive: true }))).toMatchObject({
      code: 'forbidden',
    });
  });

  it('deletes only the content it was asked to', async () => {
    fs.writeFileSync(join(root, 'a'), 'theirs');
    const error = await failure(call('file.delete', { opId: op(), path: wire('a'), baseHash: hashOf('base') }));
    expect(error).toMatchObject({ code: 'stale_write', details: { facts: { sha256: hashOf('theirs') } } });
    await call('file.delete', { opId: op(), path: wire('a'), baseHash: hashOf('theirs') });
    expect(fs.existsSync(join(root, 'a'))).toBe(false);
    await expectNothingStaged();
  });
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
