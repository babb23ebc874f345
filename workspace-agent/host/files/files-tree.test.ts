import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import * as fs from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { CoditectError } from '../../../lib/contracts/errors.ts';
import { limits } from '../../../lib/contracts/limits.ts';
import type { WirePath } from '../../../lib/contracts/path.ts';
import type { ResultOf } from '../../../lib/contracts/protocol/method.ts';
import type { Methods } from './testing/files-world.ts';
import { area, call, expectNothingStaged, failure, hashOf, op, root, wire, write } from './testing/files-world.ts';

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
