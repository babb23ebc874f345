import { type Backoff, backoffMs } from '../../lib/base/backoff.ts';
import { delay } from '../../lib/base/clock.ts';
import { Disposables } from '../../lib/base/disposables.ts';
import { isCoditectError } from '../../lib/contracts/errors.ts';
import type { WorkspaceId } from '../../lib/contracts/ids.ts';
import type { WorkspaceStage, WorkspaceStatus } from '../../lib/contracts/records.ts';
import type { Provisioner, WorkspaceObservation, WorkspaceSpec } from '../provision/provisioner.ts';
import type { StoredWorkspace } from '../store/keyspace.ts';
import type { ServiceContext, WorkspaceLinks } from './context.ts';
import type { Tokens } from './tokens.ts';
import type { WorkspaceRef, Workspaces } from './workspaces.ts';

interface Dependencies {
  context: ServiceContext;
  workspaces: Workspaces;
  provisioner: Provisioner;
  links: WorkspaceLinks;
  tokens: Tokens;
  gatewayUrl: string;
  ignoreRules: readonly string[];
}

const concurrencyMax = 4;
const retry: Backoff = { baseMs: 1_000, maxMs: 60_000 };

/**
 * Brings what is wished and what is together. Level-triggered: events only put a workspace on the queue; each turn
 * reads the record and the last observation anew and does what is missing, so a lost event or a crash half-way heals.
 */
export class Reconciler implements Disposable {
  #to: Dependencies;
  #ended = new AbortController();
  #subscriptions = new Disposables();
  #refs = new Map<WorkspaceId, WorkspaceRef>();
  #observed = new Map<WorkspaceId, WorkspaceObservation>();
  #queue = new Set<WorkspaceId>();
  #busy = new Map<WorkspaceId, Promise<void>>();
  #failures = new Map<WorkspaceId, number>();
  #retries = new Map<WorkspaceId, Disposable>();

  constructor(dependencies: Dependencies) {
    this.#to = dependencies;
  }

  /** Takes up every workspace of the installation, then follows wishes, observations and connections. */
  async start(): Promise<void> {
    const { workspaces, links } = this.#to;
    for (const ref of await workspaces.all()) this.#refs.set(ref.workspaceId, ref);
    this.#subscriptions.add(workspaces.woken.on((ref) => this.#wake(ref)));
    this.#subscriptions.add(links.onChanged(({ tenantId, workspaceId }) => this.#wake({ tenantId, workspaceId })));
    void this.#observe();
    for (const workspaceId of this.#refs.keys()) this.#enqueue(workspaceId);
  }

  /** Ends the loop and waits for turns under way. */
  async close(): Promise<void> {
    this[Symbol.dispose]();
    await Promise.allSettled(this.#busy.values());
  }

  [Symbol.dispose](): void {
    this.#ended.abort();
    this.#subscriptions[Symbol.dispose]();
    for (const timer of this.#retries.values()) timer[Symbol.dispose]();
    this.#retries.clear();
    this.#queue.clear();
  }

  async #observe(): Promise<void> {
    const { provisioner, context } = this.#to;
    for (let attempt = 0; !this.#ended.signal.aborted; attempt += 1) {
      try {
        for await (const observation of provisioner.observe(this.#ended.signal)) {
          attempt = 0;
          if (observation.kind === 'workspace') this.#seen(observation.workspace);
          else this.#listed(observation.all);
        }
      } catch (error) {
        if (this.#ended.signal.aborted) return;
        context.logger.warn({ error }, 'workspaces cannot be observed; trying again');
      }
      await delay(context.clock, backoffMs(retry, attempt, context.random), this.#ended.signal).catch(() => undefined);
    }
  }

  #seen(workspace: WorkspaceObservation): void {
    this.#observed.set(workspace.workspaceId, workspace);
    this.#enqueue(workspace.workspaceId);
  }

  #listed(all: WorkspaceObservation[]): void {
    const gone = new Set(this.#observed.keys());
    for (const workspace of all) {
      gone.delete(workspace.workspaceId);
      this.#seen(workspace);
    }
    for (const workspaceId of gone) this.#seen({ workspaceId, state: 'absent', stages: [], error: null });
  }

  #wake(ref: WorkspaceRef): void {
    this.#refs.set(ref.workspaceId, ref);
    this.#failures.delete(ref.workspaceId);
    this.#enqueue(ref.workspaceId);
  }

  #enqueue(workspaceId: WorkspaceId): void {
    if (this.#ended.signal.aborted || !this.#refs.has(workspaceId)) return;
    this.#queue.add(workspaceId);
    this.#drain();
  }

  #drain(): void {
    for (const workspaceId of this.#queue) {
      if (this.#busy.size >= concurrencyMax) return;
      if (this.#busy.has(workspaceId)) {
        continue;
      }
      this.#queue.delete(workspaceId);
      const turn = this.#turn(workspaceId).finally(() => {
        this.#busy.delete(workspaceId);
        this.#drain();
      });
      this.#busy.set(workspaceId, turn);
    }
  }

  async #turn(workspaceId: WorkspaceId): Promise<void> {
    const ref = this.#refs.get(workspaceId);
    if (!ref) return;
    try {
      const stored = await this.#to.workspaces.observe(ref, (now) => this.#assess(now));
      if (stored && needsAct(stored, this.#observed.get(workspaceId))) await this.#act(ref, stored);
      this.#failures.delete(workspaceId);
    } catch (error) {
      if (this.#ended.signal.aborted) return;
      await this.#failed(ref, error);
    }
  }

  /** Calls the provisioner, then takes its outcome as observed without waiting for the watch to tell. */
  async #act(ref: WorkspaceRef, stored: StoredWorkspace): Promise<void> {
    const { provisioner, workspaces } = this.#to;
    if (stored.desired === 'running') await provisioner.ensure(await this.#spec(stored));
    else await provisioner.stop(ref.workspaceId);
    const state = stored.desired;
    const stages = this.#observed.get(ref.workspaceId)?.stages ?? [];
    this.#observed.set(ref.workspaceId, { workspaceId: ref.workspaceId, state, stages, error: null });
    await workspaces.observe(ref, (now) => this.#assess(now));
  }

  async #failed(ref: WorkspaceRef, error: unknown): Promise<void> {
    const { context, workspaces } = this.#to;
    const attempt = this.#failures.get(ref.workspaceId) ?? 0;
    this.#failures.set(ref.workspaceId, attempt + 1);
    const waitMs = backoffMs(retry, attempt, context.random);
    context.logger.warn(
      { error, workspaceId: ref.workspaceId, attempt, waitMs },
      'a workspace could not be brought to its wished state',
    );
    const words = isCoditectError(error)
      ? error.message
      : 'The workspace could not be started. The server’s log says why.';
    await workspaces
      .observe(ref, (now) =>
        now.status === 'failed' && now.error === words ? now : { ...now, status: 'failed', error: words },
      )
      .catch((cause: unknown) => context.logger.error({ error: cause }, 'a failure could not be recorded'));
    this.#retries.get(ref.workspaceId)?.[Symbol.dispose]();
    this.#retries.set(
      ref.workspaceId,
      context.clock.after(waitMs, () => this.#enqueue(ref.workspaceId)),
    );
  }

  /** The record as it should stand given what is known now; the same object when nothing changed. */
  #assess(stored: StoredWorkspace): StoredWorkspace {
    const observed = this.#observed.get(stored.workspaceId);
    const connected = this.#to.links.connected(stored.workspaceId, 'host');
    const status = statusOf(stored, observed, connected);
    const stages = stagesOf(stored, observed, { ready: status === 'running', now: this.#to.context.clock.now() });
    const error = status === 'failed' ? (observed?.error ?? stored.error) : null;
    const same =
      status === stored.status && error === stored.error && JSON.stringify(stages) === JSON.stringify(stored.stages);
    return same ? stored : { ...stored, status, stages, error };
  }

  async #spec(stored: StoredWorkspace): Promise<WorkspaceSpec> {
    const { tokens, gatewayUrl, ignoreRules } = this.#to;
    const { workspaceId, tenantId, userId } = stored;
    const enrolment = (role: 'host' | 'monitor') =>
      tokens.sign({ type: 'enrolment', tenantId, workspaceId, role }, null);
    return {
      workspaceId,
      tenantId,
      userId,
      gatewayUrl,
      enrolment: { host: await enrolment('host'), monitor: await enrolment('monitor') },
      ignoreRules,
    };
  }
}

/** Whether the provisioner must be called to bring the workspace to its wish. */
function needsAct(stored: StoredWorkspace, observed: WorkspaceObservation | undefined): boolean {
  // Before the first list nothing is known: `ensure` converges and adopts what runs already.
  if (!observed) return true;
  switch (stored.desired) {
    case 'running':
      return observed.state !== 'running' && observed.state !== 'starting';
    case 'stopped':
      return observed.state !== 'stopped' && observed.state !== 'absent';
  }
}

/** What a person is told. `running` only once the host has dialled in: before that nothing could be done with it. */
export function statusOf(
  stored: StoredWorkspace,
  observed: WorkspaceObservation | undefined,
  connected: boolean,
): WorkspaceStatus {
  if (stored.desired === 'stopped') {
    return !observed || observed.state === 'stopped' || observed.state === 'absent'
      ? stoppedOnceSeen(observed)
      : 'stopping';
  }
  if (observed?.state === 'failed') return 'failed';
  if (observed?.state === 'running' && connected) return 'running';
  return observed ? 'starting' : stored.status === 'running' && connected ? 'running' : 'pending';
}

const stoppedOnceSeen = (observed: WorkspaceObservation | undefined): WorkspaceStatus =>
  observed ? 'stopped' : 'stopping';

function stagesOf(
  stored: StoredWorkspace,
  observed: WorkspaceObservation | undefined,
  at: { ready: boolean; now: number },
): WorkspaceStage[] {
  if (stored.desired === 'stopped') return [];
  // The stages tell how it came to run this time; once it does they stand.
  const finished = stored.stages.find(({ name, endedAt }) => name === 'ready' && endedAt !== null);
  if (finished && at.ready) return stored.stages;
  const requested = stored.stages.find(({ name }) => name === 'requested');
  const start = requested?.startedAt ?? at.now;
  const made = observed?.stages.filter(({ endedAt }) => endedAt === null || endedAt >= start) ?? [];
  const stages: WorkspaceStage[] = [
    { name: 'requested', startedAt: start, endedAt: requested?.endedAt ?? made[0]?.startedAt ?? null, error: null },
    ...made.map((stage) => ({ ...stage, error: null })),
  ];
  const last = stages[stages.length - 1];
  if (observed?.state === 'running' && last && last.endedAt !== null) {
    const ready = stored.stages.find(({ name }) => name === 'ready');
    stages.push({
      name: 'ready',
      startedAt: ready?.startedAt ?? last.endedAt,
      endedAt: at.ready ? at.now : null,
      error: null,
    });
  }
  return stages;
}
