import { hash } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { newId, seededRandom } from '../../lib/base/random.ts';
import { CoditectError } from '../../lib/contracts/errors.ts';
import type { OpId, SessionId } from '../../lib/contracts/ids.ts';
import { limits } from '../../lib/contracts/limits.ts';
import { type WirePath, wirePath } from '../../lib/contracts/path.ts';
import type { fileMethods } from '../../lib/contracts/protocol/files.ts';
import type { ParamsOf } from '../../lib/contracts/protocol/method.ts';
import type { FileScope } from '../../lib/contracts/services/files.ts';
import { keyspace, type StoredOp } from '../store/keyspace.ts';
import type { WorkspaceLinks } from './context.ts';
import type { Files } from './files.ts';
import { openWorld, type World } from './testing/world.ts';
import { openOps } from './trail/ops.ts';

type Write = ParamsOf<(typeof fileMethods)['file.write']>;
type Asked = { method: string; params: unknown; open: StoredOp[] };

const random = seededRandom(5);
const path = (text: string): WirePath => wirePath.parse(text);
let world: World;
let files: Files;
let signed: Awaited<ReturnType<World['signUp']>>;
let scope: FileScope;
let asked: Asked[];
/** What the host answers; the test's to choose. */
let host: (method: string, params: unknown) => unknown;

beforeEach(async () => {
  world = await openWorld();
  signed = await world.signUp();
  scope = { workspaceId: signed.workspace.workspaceId, origin: { kind: 'editor', sessionId: 'abc' as SessionId } };
  asked = [];
  host = () => ({ done: true, sha256: 'a'.repeat(64), unchanged: false, writtenAt: 77 });
  const links: WorkspaceLinks = {
    async request(_workspaceId, method, params) {
      // What stands in the store when the host is asked is what a crash would leave.
      asked.push({ method, params, open: asked.length === 0 ? await open() : [] });
      return host(method, params) as never;
    },
    drain: () => {},
    connected: () => true,
    onChanged: () => ({ [Symbol.dispose]() {} }),
  };
  files = world.files(links);
});
afterEach(() => world.close());

const open = () => world.store.transact((tx) => openOps(tx, signed.place));
const opOf = (opId: OpId) =>
  world.store.transact((tx) => keyspace.op.get(tx, signed.place.tenantId, signed.place.workspaceId, opId));
const writeOf = (text: string, fields: Partial<Write> = {}): Write => {
  const bytes = new TextEncoder().encode(text);
  return {
    opId: newId<OpId>(random),
    path: path('a.txt'),
    baseHash: 'any',
    size: bytes.length,
    offset: 0,
    bytes,
    ...fields,
  };
};
const write = (params: Write) => files.call(signed.caller, scope, { method: 'file.write', params });
const refusing = (code: 'stale_write' | 'workspace_unavailable' | 'internal') => () => {
  throw new CoditectError(code, 'no');
};

describe('a change', () => {
  it('is stored before the host is asked, by the hash of the bytes that passed, and done after', async () => {
    const params = writeOf('hello');
    expect(await write(params)).toMatchObject({ done: true });
    const sha256 = hash('sha256', 'hello');
    expect(asked[0]?.open).toMatchObject([
      { opId: params.opId, effect: 'write', path: 'a.txt', sha256, state: 'asked', origin: 'editor', sessionId: 'abc' },
    ]);
    expect(await open()).toMatchObject([
      { opId: params.opId, state: 'done', writtenAt: 77, userId: signed.user.userId },
    ]);
  });

  it('of any kind is an op; what only looks is none', async () => {
    host = () => ({ writtenAt: 1 });
    const opIds = [newId<OpId>(random), newId<OpId>(random), newId<OpId>(random)] as const;
    await files.call(signed.caller, scope, {
      method: 'file.create_folder',
      params: { opId: opIds[0], path: path('d') },
    });
    const move = { opId: opIds[1], from: path('x'), to: path('y') };
    await files.call(signed.caller, scope, { method: 'file.move', params: move });
    const remove = { opId: opIds[2], path: path('d'), recursive: true, baseHash: 'any' } as const;
    await files.call(signed.caller, scope, { method: 'file.delete', params: remove });
    await files.call(signed.caller, scope, { method: 'file.stat', params: { path: path('d'), hash: false } });
    const ops = await Promise.all(opIds.map(opOf));
    expect(ops.map((op) => op && [op.effect, op.path, op.previousPath, op.state])).toEqual([
      ['create_folder', 'd', null, 'done'],
      ['move', 'y', 'x', 'done'],
      ['delete', 'd', null, 'done'],
    ]);
    expect(await open()).toHaveLength(3);
  });

  it('that the host refuses is forgotten', async () => {
    host = refusing('stale_write');
    await expect(write(writeOf('hello'))).rejects.toMatchObject({ code: 'stale_write' });
    expect(await open()).toEqual([]);
  });

  it.each(['workspace_unavailable', 'internal'] as const)(
    'of unknown outcome (%s) stays open, and a retry under its id settles it',
    async (code) => {
      host = refusing(code);
      const params = writeOf('hello');
      await expect(write(params)).rejects.toMatchObject({ code });
      expect(await open()).toMatchObject([{ state: 'asked' }]);
      host = () => ({ done: true, sha256: 'a'.repeat(64), unchanged: true, writtenAt: 78 });
      await write(params);
      expect(await open()).toMatchObject([{ state: 'done', writtenAt: 78 }]);
    },
  );

  it('that the host could not begin, for want of a frame, has not happened', async () => {
    host = () => ({ done: false, received: 0 });
    expect(await write(writeOf('hello'))).toEqual({ done: false, received: 0 });
    expect(await open()).toEqual([]);
  });

  it('is owed to the trail soon, however far ahead the host says it was', async () => {
    host = () => ({ done: true, sha256: 'a'.repeat(64), unchanged: false, writtenAt: 8_640_000_000_000_000 });
    await write(writeOf('hello'));
    expect(await open()).toMatchObject([{ writtenAt: world.clock.now() + limits.opOpenMsMax }]);
  });

  it('cannot borrow the id of another', async () => {
    const params = writeOf('hello');
    await write(params);
    await expect(write({ ...writeOf('other'), opId: params.opId })).rejects.toMatchObject({
      code: 'conflict',
      details: { field: 'opId' },
    });
    expect(await open()).toHaveLength(1);
  });

  it('is acknowledged and owed even when the same op was refused beside it', async () => {
    const params = writeOf('hello');
    const gate = Promise.withResolvers<void>();
    host = () => gate.promise.then(() => ({ done: true, sha256: 'a'.repeat(64), unchanged: false, writtenAt: 79 }));
    const first = write(params);
    await expect.poll(() => asked.length).toBe(1);
    host = refusing('stale_write');
    await expect(write(params)).rejects.toMatchObject({ code: 'stale_write' });
    gate.resolve();
    await first;
    expect(await open()).toMatchObject([{ opId: params.opId, state: 'done', writtenAt: 79 }]);
  });

  it('is refused when opsOpenMax wait for the trail, a retry of one of them not', async () => {
    const waiting = Array.from({ length: limits.opsOpenMax }, () => writeOf('x'));
    for (const params of waiting) await write(params);
    await expect(write(writeOf('x'))).rejects.toMatchObject({ code: 'rate_limited' });
    await write(waiting[7] as Write);
  });
});

describe('a file in frames', () => {
  const half = limits.fileFrameBytesMax;
  const whole = random.bytes(2 * half);
  const frame = (opId: OpId, offset: number): Write => ({
    ...{ opId, path: path('big'), baseHash: 'any', size: whole.length, offset },
    bytes: whole.subarray(offset, offset + half),
  });
  beforeEach(() => {
    host = (_method, params) => {
      const { offset, bytes, size } = params as Write;
      const received = offset + bytes.byteLength;
      return received < size ? { done: false, received } : { done: true, sha256: '', unchanged: false, writtenAt: 1 };
    };
  });

  it('is hashed as it passes and is one op, at its last frame', async () => {
    const opId = newId<OpId>(random);
    expect(await write(frame(opId, 0))).toEqual({ done: false, received: half });
    expect(await open()).toEqual([]);
    await write(frame(opId, half));
    expect(await open()).toMatchObject([{ opId, sha256: hash('sha256', whole) }]);
  });

  it('goes on where it was, says so, and may begin again', async () => {
    const opId = newId<OpId>(random);
    await expect(write(frame(opId, half))).rejects.toMatchObject({
      code: 'conflict',
      details: { facts: { received: '0' } },
    });
    await write(frame(opId, 0));
    await write(frame(opId, 0));
    await expect(write({ ...frame(opId, half), offset: half + 1 })).rejects.toMatchObject({
      details: { facts: { received: String(half) } },
    });
    await write(frame(opId, half));
    expect(await open()).toMatchObject([{ sha256: hash('sha256', whole) }]);
  });

  it('is one of fileUploadsMax of a login at once; one that stands still makes room', async () => {
    for (let count = 0; count < limits.fileUploadsMax; count += 1) await write(frame(newId<OpId>(random), 0));
    await expect(write(frame(newId<OpId>(random), 0))).rejects.toMatchObject({ code: 'rate_limited' });
    await world.clock.advance(5 * 60 * 1000 + 1);
    await write(frame(newId<OpId>(random), 0));
  });
});

it('is nobody else’s workspace', async () => {
  const other = await world.signUp();
  const params = { path: path(''), after: null, limit: 1 };
  await expect(files.call(other.caller, scope, { method: 'file.list', params })).rejects.toMatchObject({
    code: 'not_found',
  });
  expect(asked).toEqual([]);
});
