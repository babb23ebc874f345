import { afterEach, beforeEach, expect, it } from 'vitest';
import type { Workspace } from '../../lib/contracts/records.ts';
import { keyspace, operatorKeyspace } from '../store/keyspace.ts';
import { openWorld, type World } from './testing/world.ts';

let world: World;
beforeEach(async () => {
  world = await openWorld();
});
afterEach(() => world.close());

const queued = () =>
  world.store.transact((tx) => operatorKeyspace.workspaceQueue.list(tx, operatorKeyspace.workspaceQueue.range()));
const actions = async (tenantId: Parameters<typeof keyspace.audit.range>[0]) =>
  (await world.store.transact((tx) => keyspace.audit.list(tx, keyspace.audit.range(tenantId)))).map(
    (one) => one.action,
  );

it('keeps wishes: each is told, audited once, queued, and wakes the reconciler', async () => {
  const { caller, workspace } = await world.signUp();
  const { workspaceId } = workspace;
  const told: Workspace['status'][] = [];
  const woken: string[] = [];
  world.workspaces.onChanged((change) => told.push(change.workspace.status));
  world.workspaces.woken.on((ref) => woken.push(ref.workspaceId));
  expect(await world.workspaces.stop(caller, workspaceId)).toMatchObject({ status: 'stopping', stages: [] });
  await world.workspaces.stop(caller, workspaceId);
  expect(await world.workspaces.start(caller, workspaceId)).toMatchObject({
    status: 'pending',
    stages: [{ name: 'requested', startedAt: world.clock.now(), endedAt: null }],
  });
  expect(told).toEqual(['stopping', 'stopping', 'pending']);
  expect(woken).toEqual([workspaceId, workspaceId, workspaceId]);
  expect((await actions(caller.tenantId)).filter((action) => action === 'workspace.stopped')).toHaveLength(1);
});

it('tries a failed start anew when asked again', async () => {
  const { caller, workspace, place } = await world.signUp();
  await world.workspaces.observe(place, (stored) => ({ ...stored, status: 'failed', error: 'no room' }));
  expect(await world.workspaces.start(caller, workspace.workspaceId)).toMatchObject({ status: 'pending', error: null });
});

it('writes an observation once, takes what is reached off the queue and puts it back when it is not', async () => {
  const { place } = await world.signUp();
  let heard = 0;
  world.workspaces.onChanged(() => {
    heard += 1;
  });
  expect(await queued()).toEqual([place]);
  await world.workspaces.observe(place, (stored) => ({ ...stored, status: 'running' }));
  expect(await queued()).toEqual([]);
  await world.workspaces.observe(place, (stored) => stored);
  expect(heard).toBe(1);
  await world.workspaces.observe(place, (stored) => ({ ...stored, status: 'starting' }));
  expect(await queued()).toEqual([place]);
  const nowhere = { ...place, tenantId: 'nosuch' as typeof place.tenantId };
  expect(await world.workspaces.observe(nowhere, (stored) => stored)).toBeUndefined();
});

it('are listed for their owner alone, without what is only stored', async () => {
  const mine = await world.signUp();
  const theirs = await world.signUp();
  expect(await world.workspaces.list(mine.caller)).toEqual([mine.workspace]);
  expect(mine.workspace).not.toHaveProperty('desired');
  expect(mine.workspace).not.toHaveProperty('tenantId');
  expect((await world.workspaces.all()).map((ref) => ref.workspaceId).sort()).toEqual(
    [mine.workspace.workspaceId, theirs.workspace.workspaceId].sort(),
  );
});

it('admits their processes with ever greater numbers, for each role apart, and nobody else’s', async () => {
  const { place } = await world.signUp();
  expect(await world.admit(place, 'host')).toBe(1);
  expect(await world.admit(place, 'host')).toBe(2);
  expect(await world.admit(place, 'monitor')).toBe(1);
  const other = await world.signUp();
  await expect(world.admit({ ...place, tenantId: other.place.tenantId }, 'host')).rejects.toMatchObject({
    code: 'unauthenticated',
  });
});
