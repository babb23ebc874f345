import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Emitter } from '../../lib/base/emitter.ts';
import { CoditectError } from '../../lib/contracts/errors.ts';
import type { WorkspaceId } from '../../lib/contracts/ids.ts';
import type { WorkspaceStatus } from '../../lib/contracts/records.ts';
import type {
  Observation,
  ObservedState,
  Provisioner,
  WorkspaceObservation,
  WorkspaceSpec,
} from '../provision/provisioner.ts';
import type { WorkspaceLinks } from './context.ts';
import { Reconciler } from './reconciler.ts';
import { openWorld, type World } from './testing/world.ts';
import type { Tokens } from './tokens.ts';
import type { WorkspaceRef } from './workspaces.ts';

/** Workspaces that exist in this object alone; every outcome is the test's to choose. */
class PlayedProvisioner implements Provisioner {
  ensured: WorkspaceSpec[] = [];
  stopped: WorkspaceId[] = [];
  /** What the next calls do; without one they succeed at once. */
  ensureNext: (() => Promise<void>)[] = [];
  stopNext: (() => Promise<void>)[] = [];
  seen = new Map<WorkspaceId, WorkspaceObservation>();
  observers = 0;
  #told = new Emitter<Observation>();
  /** Fails the watch that is open. */
  breakWatch: (error: Error) => void = () => {};

  place = () => ({ podNamespace: 'local', podName: 'local' });

  async ensure(spec: WorkspaceSpec): Promise<void> {
    this.ensured.push(spec);
    await this.ensureNext.shift()?.();
  }

  async stop(workspaceId: WorkspaceId): Promise<void> {
    this.stopped.push(workspaceId);
    await this.stopNext.shift()?.();
  }

  async destroy(): Promise<void> {}

  async *observe(signal: AbortSignal): AsyncGenerator<Observation> {
    this.observers += 1;
    const waiting: Observation[] = [{ kind: 'listed', all: [...this.seen.values()] }];
    let wake = () => {};
    let failure: Error | undefined;
    const subscription = this.#told.on((observation) => {
      waiting.push(observation);
      wake();
    });
    signal.addEventListener('abort', () => wake());
    this.breakWatch = (error) => {
      failure = error;
      wake();
    };
    try {
      while (!signal.aborted) {
        const next = waiting.shift();
        if (next) yield next;
        else if (failure) throw failure;
        else await new Promise<void>((resolve) => (wake = resolve));
      }
    } finally {
      subscription[Symbol.dispose]();
    }
  }

  tell(workspaceId: WorkspaceId, state: ObservedState, more: Partial<WorkspaceObservation> = {}): void {
    const workspace = { workspaceId, state, stages: [], error: null, ...more };
    this.seen.set(workspaceId, workspace);
    this.#told.emit({ kind: 'workspace', workspace });
  }

  list(): void {
    this.#told.emit({ kind: 'listed', all: [...this.seen.values()] });
  }
}

class PlayedLinks implements WorkspaceLinks {
  hosts = new Set<WorkspaceId>();
  #changed = new Emitter<Parameters<Parameters<WorkspaceLinks['onChanged']>[0]>[0]>();
  request = (): never => {
    throw new Error('the reconciler asks no host');
  };
  connected = (workspaceId: WorkspaceId) => this.hosts.has(workspaceId);
  onChanged: WorkspaceLinks['onChanged'] = (listener) => this.#changed.on(listener);

  drain(): void {}

  dial(place: WorkspaceRef, connected: boolean): void {
    if (connected) this.hosts.add(place.workspaceId);
    else this.hosts.delete(place.workspaceId);
    this.#changed.emit({ ...place, role: 'host', connected });
  }
}

let world: World;
let provisioner: PlayedProvisioner;
let links: PlayedLinks;
let reconciler: Reconciler;
let signed: Awaited<ReturnType<World['signUp']>>;
let id: WorkspaceId;
const statuses: WorkspaceStatus[] = [];

function open(gatewayUrl = 'http://127.0.0.1:3001'): Reconciler {
  // Signing happens on another thread, whose turns no test can count.
  const tokens: Tokens = { ...world.tokens, sign: async (claims) => JSON.stringify(claims) };
  return new Reconciler({ ...world, tokens, provisioner, links, gatewayUrl, ignoreRules: ['node_modules'] });
}
/** Lets everything that can go on without time passing go on. */
const settle = async () => {
  for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve));
};
const shown = () => world.workspaces.get(signed.caller, id);
const dial = (connected: boolean) => links.dial(signed.place, connected);
const failing =
  (words = 'There is no room on the disk.') =>
  async () => {
    throw new CoditectError('storage_full', words);
  };
const held = () => {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  return { call: () => promise, resolve, reject };
};

beforeEach(async () => {
  world = await openWorld();
  provisioner = new PlayedProvisioner();
  links = new PlayedLinks();
  signed = await world.signUp();
  id = signed.workspace.workspaceId;
  statuses.length = 0;
  world.workspaces.onChanged(({ workspace }) => statuses.push(workspace.status));
  reconciler = open();
});
afterEach(async () => {
  await reconciler.close();
  await world.close();
});

async function running(): Promise<void> {
  await reconciler.start();
  await settle();
  dial(true);
  await settle();
  expect(await shown()).toMatchObject({ status: 'running' });
}

describe('a workspace wished running', () => {
  it('is made with credentials of its own, and runs only once its host has dialled in', async () => {
    await reconciler.start();
    await settle();
    expect(provisioner.ensured).toMatchObject([{ ...signed.place, gatewayUrl: 'http://127.0.0.1:3001' }]);
    const { enrolment } = provisioner.ensured[0] as WorkspaceSpec;
    expect(JSON.parse(enrolment.host)).toEqual({ type: 'enrolment', ...signed.place, role: 'host' });
    expect(JSON.parse(enrolment.monitor)).toEqual({ type: 'enrolment', ...signed.place, role: 'monitor' });
    expect(await shown()).toMatchObject({ status: 'starting' });
    dial(true);
    await settle();
    expect(await shown()).toMatchObject({ status: 'running', error: null });
    dial(false);
    await settle();
    expect(await shown()).toMatchObject({ status: 'starting' });
    expect(statuses).toEqual(['starting', 'running', 'starting']);
    expect(provisioner.ensured).toHaveLength(1);
  });

  it('shows each stage while the provisioner is still at it', async () => {
    const work = held();
    provisioner.ensureNext.push(work.call);
    await reconciler.start();
    await settle();
    const at = world.clock.now();
    provisioner.tell(id, 'starting', { stages: [{ name: 'volume', startedAt: at, endedAt: null }] });
    await settle();
    expect((await shown()).stages.map(({ name, endedAt }) => [name, endedAt])).toEqual([
      ['requested', at],
      ['volume', null],
    ]);
    await world.clock.advance(5);
    const stages = [
      { name: 'volume' as const, startedAt: at, endedAt: at + 5 },
      { name: 'host' as const, startedAt: at + 5, endedAt: at + 5 },
    ];
    provisioner.tell(id, 'running', { stages });
    work.resolve();
    await settle();
    expect((await shown()).stages.at(-1)).toMatchObject({ name: 'ready', startedAt: at + 5, endedAt: null });
    await world.clock.advance(7);
    dial(true);
    await settle();
    expect((await shown()).stages.at(-1)).toMatchObject({ name: 'ready', endedAt: at + 12 });
  });

  it('is tried again after growing waits, with the cause in plain words, and heals', async () => {
    provisioner.ensureNext.push(failing(), failing(), failing('Still no room.'));
    await reconciler.start();
    await settle();
    expect(await shown()).toMatchObject({
      status: 'failed',
      error: 'There is no room on the disk.',
      stages: [{ name: 'requested', error: 'There is no room on the disk.' }],
    });
    // Whatever is observed meanwhile, nothing is tried before its time.
    provisioner.tell(id, 'failed', { error: 'it ended' });
    provisioner.tell(id, 'absent');
    provisioner.list();
    await settle();
    expect(provisioner.ensured).toHaveLength(1);
    await world.clock.advance(1_000);
    await settle();
    expect(provisioner.ensured).toHaveLength(2);
    await world.clock.advance(2_000);
    await settle();
    expect(provisioner.ensured).toHaveLength(3);
    expect(await shown()).toMatchObject({ status: 'failed', error: 'Still no room.' });
    await world.clock.advance(4_000);
    await settle();
    dial(true);
    await settle();
    expect(await shown()).toMatchObject({ status: 'running', error: null });
  });

  it('does not tell strangers what our own failures say', async () => {
    provisioner.ensureNext.push(() => Promise.reject(new Error('ENOENT /secret/path')));
    await reconciler.start();
    await settle();
    expect((await shown()).error).toBe('The workspace could not be started. The server’s log says why.');
  });

  it('is tried at once when somebody asks, and the waits begin anew', async () => {
    provisioner.ensureNext.push(failing());
    await reconciler.start();
    await settle();
    await world.workspaces.start(signed.caller, id);
    await settle();
    expect(provisioner.ensured).toHaveLength(2);
    expect(await shown()).toMatchObject({ status: 'starting', error: null });
  });

  it('that is given up by itself waits its turn in place of going in a circle', async () => {
    await running();
    for (let round = 0; round < 3; round += 1) {
      const before = provisioner.ensured.length;
      dial(false);
      provisioner.tell(id, 'failed', { error: 'The host ended 5 times in a minute.' });
      await settle();
      expect(provisioner.ensured).toHaveLength(before);
      expect(await shown()).toMatchObject({ status: 'failed', error: 'The host ended 5 times in a minute.' });
      await world.clock.advance(60_000);
      await settle();
      expect(provisioner.ensured).toHaveLength(before + 1);
    }
  });

  it('comes back when its processes are found gone', async () => {
    await running();
    provisioner.seen.clear();
    dial(false);
    provisioner.list();
    await settle();
    expect(provisioner.ensured).toHaveLength(2);
    dial(true);
    await settle();
    expect(await shown()).toMatchObject({ status: 'running' });
  });

  it('is left to the provisioner while it restarts a process', async () => {
    await running();
    dial(false);
    provisioner.tell(id, 'starting');
    await settle();
    expect(provisioner.ensured).toHaveLength(1);
    expect(await shown()).toMatchObject({ status: 'starting' });
    provisioner.tell(id, 'failed', { error: 'x' });
    provisioner.tell(id, 'running');
    dial(true);
    await settle();
    expect(await shown()).toMatchObject({ status: 'running' });
  });
});

describe('a wish that changes', () => {
  it('while it starts is carried out once the start is through', async () => {
    const work = held();
    provisioner.ensureNext.push(work.call);
    await reconciler.start();
    await settle();
    await world.workspaces.stop(signed.caller, id);
    await settle();
    expect(await shown()).toMatchObject({ status: 'stopping' });
    expect(provisioner.stopped).toEqual([]);
    work.resolve();
    await settle();
    expect(provisioner.stopped).toEqual([id]);
    expect(await shown()).toMatchObject({ status: 'stopped', stages: [], error: null });
  });

  it('while a start fails is not held up by the wait', async () => {
    const work = held();
    provisioner.ensureNext.push(work.call);
    await reconciler.start();
    await settle();
    await world.workspaces.stop(signed.caller, id);
    await settle();
    work.reject(new CoditectError('storage_full', 'no room'));
    await settle();
    expect(provisioner.stopped).toEqual([id]);
    expect(await shown()).toMatchObject({ status: 'stopped', error: null });
  });

  it('back and forth ends at the last one', async () => {
    await running();
    const work = held();
    provisioner.stopNext.push(work.call);
    await world.workspaces.stop(signed.caller, id);
    await settle();
    await world.workspaces.start(signed.caller, id);
    await world.workspaces.stop(signed.caller, id);
    await world.workspaces.start(signed.caller, id);
    dial(false);
    work.resolve();
    await settle();
    dial(true);
    await settle();
    expect(await shown()).toMatchObject({ status: 'running' });
    expect(provisioner.ensured).toHaveLength(2);
  });

  it('to stop is tried again when it fails', async () => {
    await running();
    provisioner.stopNext.push(failing('It does not end.'));
    await world.workspaces.stop(signed.caller, id);
    await settle();
    expect(await shown()).toMatchObject({ status: 'failed', error: 'It does not end.' });
    await world.clock.advance(1_000);
    await settle();
    expect(await shown()).toMatchObject({ status: 'stopped', error: null });
  });

  it('is not fooled by word that is out of date', async () => {
    await running();
    await world.workspaces.stop(signed.caller, id);
    await settle();
    provisioner.tell(id, 'running');
    provisioner.tell(id, 'stopping');
    await settle();
    expect(provisioner.stopped.length).toBeGreaterThan(1);
    expect(await shown()).toMatchObject({ status: 'stopped' });
  });
});

describe('a server that starts', () => {
  it('calls for what runs already once, so that a changed setting reaches it, and keeps its terminals’ host', async () => {
    await running();
    await reconciler.close();
    provisioner.tell(id, 'running');
    reconciler = open('http://127.0.0.1:4001');
    await reconciler.start();
    await settle();
    expect(provisioner.ensured.map(({ gatewayUrl }) => gatewayUrl)).toEqual([
      'http://127.0.0.1:3001',
      'http://127.0.0.1:4001',
    ]);
    expect(provisioner.ensured[1]?.enrolment).toEqual(provisioner.ensured[0]?.enrolment);
    expect(await shown()).toMatchObject({ status: 'running' });
  });

  it('believes nothing that was true when the last one ended, but that what was stopped is', async () => {
    await running();
    const stopped = await world.signUp();
    await settle();
    await world.workspaces.stop(stopped.caller, stopped.workspace.workspaceId);
    await settle();
    await reconciler.close();
    links.hosts.clear();
    const gate = held();
    provisioner.ensureNext.push(gate.call);
    provisioner.stopNext.push(gate.call);
    statuses.length = 0;
    reconciler = open();
    await reconciler.start();
    expect(statuses).toEqual(['pending']);
    expect(await world.workspaces.get(stopped.caller, stopped.workspace.workspaceId)).toMatchObject({
      status: 'stopped',
    });
    gate.resolve();
  });

  it('takes up what a crash left half-way', async () => {
    await world.workspaces.observe(signed.place, (stored) => ({ ...stored, status: 'starting' }));
    provisioner.tell(id, 'starting');
    await reconciler.start();
    await settle();
    expect(provisioner.ensured).toHaveLength(1);
    const other = await world.signUp();
    await settle();
    expect(provisioner.ensured.map(({ workspaceId }) => workspaceId)).toEqual([id, other.workspace.workspaceId]);
  });

  it('stops what was wished stopped', async () => {
    await world.workspaces.stop(signed.caller, id);
    provisioner.tell(id, 'running');
    await reconciler.start();
    await settle();
    expect(provisioner.stopped).toEqual([id]);
    expect(provisioner.ensured).toEqual([]);
    expect(await shown()).toMatchObject({ status: 'stopped' });
  });
});

it('watches again when the watch fails', async () => {
  await running();
  provisioner.breakWatch(new Error('the watch ended'));
  await settle();
  await world.clock.advance(60_000);
  await settle();
  expect(provisioner.observers).toBe(2);
  dial(false);
  provisioner.tell(id, 'starting');
  await settle();
  expect(await shown()).toMatchObject({ status: 'starting' });
});

it('works on a few at once, and gets through all', async () => {
  const others = await Promise.all(Array.from({ length: 10 }, () => world.signUp()));
  const gates = Array.from({ length: 11 }, () => held());
  provisioner.ensureNext.push(...gates.map((gate) => gate.call));
  await reconciler.start();
  await settle();
  expect(provisioner.ensured).toHaveLength(4);
  for (const gate of gates) {
    gate.resolve();
    await settle();
  }
  expect(new Set(provisioner.ensured.map(({ workspaceId }) => workspaceId)).size).toBe(1 + others.length);
});
