import { afterEach, beforeEach, expect, it } from 'vitest';
import type { SessionId, WorkspaceId } from '../../lib/contracts/ids.ts';
import { limits } from '../../lib/contracts/limits.ts';
import { encodePath, wirePath } from '../../lib/contracts/path.ts';
import type { FileState, Session } from '../../lib/contracts/records.ts';
import { keyspace } from '../store/keyspace.ts';
import { openWorld, type World } from './testing/world.ts';

let world: World;
beforeEach(async () => {
  world = await openWorld();
});
afterEach(() => world.close());

const file = (path: FileState['path'], position: number): FileState => ({
  ...{ path, position, active: position === 0, baseSha256: 'a'.repeat(64), line: 3, column: 7 },
});

it('keeps name, open files and layout as they were given, files in the order of their tabs', async () => {
  const { caller, session } = await world.signUp();
  const odd = encodePath(Uint8Array.of(0xff, 0x20));
  const long = wirePath.parse(Array.from({ length: 15 }, (_, index) => `${index}`.padStart(255, 'x')).join('/'));
  const longer = wirePath.parse(`${long}/y`);
  const files = [file(longer, 2), file(odd, 1), file(long, 3), file(wirePath.parse('naïve.txt'), 0)];
  const changed = await world.sessions.change(caller, session.sessionId, { name: 'Mine', files, layout: '{"a":1}' });
  const kept = await world.sessions.get(caller, session.sessionId);
  expect(kept).toEqual(changed);
  expect(kept).toMatchObject({ name: 'Mine', layout: '{"a":1}' });
  expect(kept.files).toEqual([...files].sort((a, b) => a.position - b.position));
  await world.sessions.change(caller, session.sessionId, { files: [] });
  expect(await world.sessions.get(caller, session.sessionId)).toMatchObject({ files: [], layout: '{"a":1}' });
});

it('says where its workspace lives and whether a browser is attached', async () => {
  const { caller, session, workspace } = await world.signUp();
  expect(session).toMatchObject({ podName: `workspace-${workspace.workspaceId}`, websocketConnected: false });
  world.present.add(session.sessionId);
  expect(await world.sessions.get(caller, session.sessionId)).toMatchObject({ websocketConnected: true });
});

it('suspends and resumes, each told of once in the audit', async () => {
  const { caller, session } = await world.signUp();
  for (const status of ['suspended', 'suspended', 'active'] as const)
    expect(await world.sessions.change(caller, session.sessionId, { status })).toMatchObject({ status });
  const events = await world.store.transact((tx) => keyspace.audit.list(tx, keyspace.audit.range(caller.tenantId)));
  expect(events.map(({ action }) => action).sort()).toEqual([
    'session.resumed',
    'session.suspended',
    'user.registered',
  ]);
});

it('may be had sessionsPerUserMax times; ending one makes room', async () => {
  const { caller, session, workspace } = await world.signUp();
  const create = () => world.sessions.create(caller, { workspaceId: workspace.workspaceId, name: 'One more' });
  const made = await Promise.allSettled(Array.from({ length: limits.sessionsPerUserMax + 5 }, create));
  expect(made.filter(({ status }) => status === 'fulfilled')).toHaveLength(limits.sessionsPerUserMax - 1);
  await expect(create()).rejects.toMatchObject({ code: 'conflict' });
  await world.sessions.terminate(caller, session.sessionId);
  await create();
  expect(await world.sessions.list(caller)).toHaveLength(limits.sessionsPerUserMax);
});

it('is gone once ended, but for the audit, and its listeners hear of it', async () => {
  const { caller, session } = await world.signUp();
  const heard: Session[] = [];
  const subscription = world.sessions.onChanged((one) => heard.push(one));
  await world.sessions.terminate(caller, session.sessionId);
  expect(heard).toMatchObject([{ sessionId: session.sessionId, status: 'terminated' }]);
  for (const way of [
    () => world.sessions.get(caller, session.sessionId),
    () => world.sessions.change(caller, session.sessionId, { name: 'Risen' }),
    () => world.sessions.terminate(caller, session.sessionId),
  ])
    await expect(way()).rejects.toMatchObject({ code: 'not_found' });
  expect(await world.sessions.list(caller)).toEqual([]);
  expect(
    await world.store.transact((tx) => keyspace.session.get(tx, caller.tenantId, session.sessionId)),
  ).toMatchObject({ status: 'terminated' });
  subscription[Symbol.dispose]();
});

it('is its owner’s alone', async () => {
  const mine = await world.signUp();
  const theirs = await world.signUp();
  const id: SessionId = theirs.session.sessionId;
  // Even one who knows the tenant’s id is another user.
  const inside = { ...mine.caller, tenantId: theirs.caller.tenantId };
  for (const caller of [mine.caller, inside]) {
    await expect(world.sessions.get(caller, id)).rejects.toMatchObject({ code: 'not_found' });
    await expect(world.sessions.change(caller, id, { name: 'x' })).rejects.toMatchObject({ code: 'not_found' });
    await expect(world.sessions.terminate(caller, id)).rejects.toMatchObject({ code: 'not_found' });
  }
  const workspaceId: WorkspaceId = theirs.workspace.workspaceId;
  await expect(world.sessions.create(mine.caller, { workspaceId, name: 'x' })).rejects.toMatchObject({
    code: 'not_found',
  });
  expect(await world.sessions.list(mine.caller)).toHaveLength(1);
});
