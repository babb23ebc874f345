import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { newId, systemRandom } from '../../lib/base/random.ts';
import type { TenantId, UserId, WorkspaceId } from '../../lib/contracts/ids.ts';
import type { WorkspaceRole } from '../../lib/contracts/protocol/workspace.ts';
import type { Observation, Provisioner, WorkspaceObservation, WorkspaceSpec } from './provisioner.ts';

/** A provisioner in a world of its own, and what a test must be able to do to that world. */
export interface ProvisionerWorld {
  provisioner: Provisioner;
  /** The supervisor goes and another comes in its place; `provisioner` is the new one. */
  restart(): Promise<void>;
  /** What tells one life of a workspace's process from the next; null when it does not run. */
  life(id: WorkspaceId, role: WorkspaceRole): Promise<string | null>;
  /** Ends the process without warning. */
  kill(id: WorkspaceId, role: WorkspaceRole): Promise<void>;
  /** Files below `/workspace`; null when there is none. */
  readFile(id: WorkspaceId, name: string): Promise<string | null>;
  writeFile(id: WorkspaceId, name: string, text: string): Promise<void>;
  /** Removes everything. Rejects when something still runs that no call asked for. */
  close(): Promise<void>;
}

const patience = { timeout: 20_000, interval: 20 };

/** What every provisioner keeps to. */
export function provisionerContract(name: string, open: () => Promise<ProvisionerWorld>): void {
  describe(`${name} keeps the provisioner's contract`, { timeout: 60_000 }, () => {
    let world: ProvisionerWorld;
    beforeEach(async () => {
      world = await open();
    });
    afterEach(() => world.close());

    const lives = (id: WorkspaceId) => Promise.all([world.life(id, 'host'), world.life(id, 'monitor')]);
    const settled = (id: WorkspaceId, state: WorkspaceObservation['state']) =>
      vi.waitFor(async () => expect((await stateOf(world.provisioner, id))?.state).toBe(state), patience);

    it('brings both processes up and tells each stage', async () => {
      const spec = newSpec();
      await world.provisioner.ensure(spec);
      expect(await lives(spec.workspaceId)).toEqual([expect.any(String), expect.any(String)]);
      const observed = await stateOf(world.provisioner, spec.workspaceId);
      expect(observed).toMatchObject({ state: 'running', error: null });
      const stages = observed?.stages ?? [];
      expect(stages.map((stage) => stage.name)).toEqual(['volume', 'sandbox', 'host', 'monitor']);
      for (const { startedAt, endedAt } of stages) expect(endedAt).toBeGreaterThanOrEqual(startedAt);
    });

    it('changes nothing when it is ensured again, with other credentials too', async () => {
      const spec = newSpec();
      await world.provisioner.ensure(spec);
      const before = await lives(spec.workspaceId);
      await world.provisioner.ensure({ ...spec, enrolment: { host: 'other-host', monitor: 'other-monitor' } });
      expect(await lives(spec.workspaceId)).toEqual(before);
    });

    it('makes one workspace of concurrent calls', async () => {
      const spec = newSpec();
      await Promise.all(Array.from({ length: 5 }, () => world.provisioner.ensure(spec)));
      const all = (await list(world.provisioner)).map(({ workspaceId, state }) => ({ workspaceId, state }));
      expect(all).toEqual([{ workspaceId: spec.workspaceId, state: 'running' }]);
    });

    it('keeps two workspaces apart', async () => {
      const [first, second] = [newSpec(), newSpec()];
      await Promise.all([world.provisioner.ensure(first), world.provisioner.ensure(second)]);
      await world.writeFile(first.workspaceId, 'note', 'mine');
      expect(await world.readFile(second.workspaceId, 'note')).toBeNull();
      await world.provisioner.stop(first.workspaceId);
      expect(await lives(second.workspaceId)).toEqual([expect.any(String), expect.any(String)]);
    });

    it('keeps the files of a stopped workspace for its next start', async () => {
      const spec = newSpec();
      await world.provisioner.ensure(spec);
      await world.writeFile(spec.workspaceId, 'note', 'kept');
      await world.provisioner.stop(spec.workspaceId);
      expect(await lives(spec.workspaceId)).toEqual([null, null]);
      expect(await stateOf(world.provisioner, spec.workspaceId)).toMatchObject({ state: 'stopped', stages: [] });
      await world.provisioner.ensure(spec);
      expect(await world.readFile(spec.workspaceId, 'note')).toBe('kept');
    });

    it('obeys the last of several wishes', async () => {
      const spec = newSpec();
      const calls = [world.provisioner.ensure(spec), world.provisioner.stop(spec.workspaceId)];
      await Promise.all([...calls, world.provisioner.ensure(spec), world.provisioner.stop(spec.workspaceId)]);
      expect(await lives(spec.workspaceId)).toEqual([null, null]);
    });

    it('destroys files with the workspace', async () => {
      const spec = newSpec();
      await world.provisioner.ensure(spec);
      await world.writeFile(spec.workspaceId, 'note', 'gone');
      await world.provisioner.destroy(spec.workspaceId);
      expect(await lives(spec.workspaceId)).toEqual([null, null]);
      expect(await list(world.provisioner)).toEqual([]);
      await world.provisioner.ensure(spec);
      expect(await world.readFile(spec.workspaceId, 'note')).toBeNull();
    });

    it('shrugs at what it does not know', async () => {
      const unknown = newId<WorkspaceId>(systemRandom);
      await world.provisioner.stop(unknown);
      await world.provisioner.destroy(unknown);
      await world.provisioner.stop('../escape' as WorkspaceId);
      await world.provisioner.destroy('../escape' as WorkspaceId);
      expect(await list(world.provisioner)).toEqual([]);
      const spec = { ...newSpec(), workspaceId: '../escape' as WorkspaceId };
      await expect(world.provisioner.ensure(spec)).rejects.toMatchObject({ code: 'invalid_request' });
    });

    it.each(['host', 'monitor'] as const)('brings a killed %s back and leaves the other alone', async (role) => {
      const spec = newSpec();
      await world.provisioner.ensure(spec);
      const other = role === 'host' ? 'monitor' : 'host';
      const before = {
        killed: await world.life(spec.workspaceId, role),
        other: await world.life(spec.workspaceId, other),
      };
      await world.kill(spec.workspaceId, role);
      const again = async () => {
        const life = await world.life(spec.workspaceId, role);
        expect(life).toEqual(expect.any(String));
        expect(life).not.toBe(before.killed);
      };
      await vi.waitFor(again, patience);
      await settled(spec.workspaceId, 'running');
      expect(await world.life(spec.workspaceId, other)).toBe(before.other);
    });

    it('starts anew when the spec has changed', async () => {
      const spec = newSpec();
      await world.provisioner.ensure(spec);
      const [host, monitor] = await lives(spec.workspaceId);
      await world.writeFile(spec.workspaceId, 'note', 'kept');
      await world.provisioner.ensure({ ...spec, gatewayUrl: 'http://127.0.0.1:2' });
      const [newHost, newMonitor] = await lives(spec.workspaceId);
      expect([newHost, newMonitor]).toEqual([expect.any(String), expect.any(String)]);
      expect(newHost).not.toBe(host);
      expect(newMonitor).not.toBe(monitor);
      expect(await world.readFile(spec.workspaceId, 'note')).toBe('kept');
    });

    it('adopts what runs when the supervisor is another', async () => {
      const [running, stopped] = [newSpec(), newSpec()];
      await world.provisioner.ensure(running);
      await world.provisioner.ensure(stopped);
      await world.provisioner.stop(stopped.workspaceId);
      const before = await lives(running.workspaceId);
      await world.restart();
      expect((await stateOf(world.provisioner, running.workspaceId))?.state).toBe('running');
      expect((await stateOf(world.provisioner, stopped.workspaceId))?.state).toBe('stopped');
      await world.provisioner.ensure(running);
      expect(await lives(running.workspaceId)).toEqual(before);
      await world.kill(running.workspaceId, 'host');
      await vi.waitFor(async () => {
        const life = await world.life(running.workspaceId, 'host');
        expect(life).toEqual(expect.any(String));
        expect(life).not.toBe(before[0]);
      }, patience);
      await world.provisioner.stop(running.workspaceId);
      expect(await lives(running.workspaceId)).toEqual([null, null]);
    });

    it('lists first, then tells changes as they come', async () => {
      const spec = newSpec();
      const ended = new AbortController();
      const seen: Observation[] = [];
      const reading = (async () => {
        for await (const observation of world.provisioner.observe(ended.signal)) seen.push(observation);
      })();
      await vi.waitFor(() => expect(seen).toEqual([{ kind: 'listed', all: [] }]), patience);
      const states = () => seen.flatMap((one) => (one.kind === 'workspace' ? [one.workspace.state] : []));
      await world.provisioner.ensure(spec);
      await vi.waitFor(() => expect(states().at(-1)).toBe('running'), patience);
      expect(states()).toContain('starting');
      await world.provisioner.stop(spec.workspaceId);
      await vi.waitFor(() => expect(states().at(-1)).toBe('stopped'), patience);
      await world.provisioner.destroy(spec.workspaceId);
      await vi.waitFor(() => expect(states().at(-1)).toBe('absent'), patience);
      ended.abort();
      await reading;
    });
  });
}

/** A spec of a workspace that nobody else has. */
export function newSpec(): WorkspaceSpec {
  return {
    workspaceId: newId<WorkspaceId>(systemRandom),
    tenantId: newId<TenantId>(systemRandom),
    userId: newId<UserId>(systemRandom),
    gatewayUrl: 'http://127.0.0.1:1',
    enrolment: { host: 'secret-of-the-host', monitor: 'secret-of-the-monitor' },
    ignoreRules: ['node_modules'],
  };
}

/** What `observe` lists first. */
export async function list(provisioner: Provisioner): Promise<WorkspaceObservation[]> {
  const ended = new AbortController();
  try {
    for await (const observation of provisioner.observe(ended.signal)) {
      if (observation.kind === 'listed') return observation.all;
    }
  } finally {
    ended.abort();
  }
  return [];
}

/** The listed state of one workspace. */
export async function stateOf(provisioner: Provisioner, id: WorkspaceId): Promise<WorkspaceObservation | undefined> {
  return (await list(provisioner)).find(({ workspaceId }) => workspaceId === id);
}
