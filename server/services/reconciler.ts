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

/** A failure that is not tried again before its time. */
interface Waiting {
  /** What was wished when it failed; another wish does not wait. Undefined when the wish could not even be read. */
  wish: StoredWorkspace['desired'] | undefined;
  error: string | null;
  timer: Disposable;
}

/**
 * Brings what is wished and what is together. Level-triggered: events only put a workspace on the queue; each turn
 * reads the record and the last observation anew and writes what is so; where something is missing the provisioner is
 * called beside the turns, so that its stages are seen while it works. A lost event or a crash half-way heals.
 */
export class Reconciler implements Disposable {
  #to: Dependencies;
  #ended = new AbortController();
  #subscriptions = new Disposables();
  #refs = new Map<WorkspaceId, WorkspaceRef>();
  #observed = new Map<WorkspaceId, WorkspaceObservation>();
  #queue = new Set<WorkspaceId>();
  #turns = new Map<WorkspaceId, Promise<void>>();
  /** Workspaces that the provisioner must be called for, and those it is being called for. */
  #due = new Set<WorkspaceId>();
  #acts = new Map<WorkspaceId, Promise<void>>();
  /** Those the provisioner has been called for in this server's life: others may run by an older specification. */
  #met = new Set<WorkspaceId>();
  #failures = new Map<WorkspaceId, number>();
  #waiting = new Map<WorkspaceId, Waiting>();

  constructor(dependencies: Dependencies) {
    this.#to = dependencies;
  }

  /**
   * Takes up every workspace of the installation, then follows wishes, observations and connections. When it resolves
   * nobody is told any more that a workspace runs because it did when the last server ended.
   */
  async start(): Promise<void> {
    const { workspaces, links } = this.#to;
    this.#subscriptions.add(workspaces.woken.on((ref) => this.#wake(ref)));
    this.#subscriptions.add(links.onChanged(({ workspaceId }) => this.#enqueue(workspaceId)));
    for (const ref of await workspaces.all()) this.#refs.set(ref.workspaceId, ref);
    await Promise.all([...this.#refs.values()].map((ref) => workspaces.observe(ref, (now) => this.#assess(now))));
    void this.#observe();
    for (const workspaceId of this.#refs.keys()) this.#enqueue(workspaceId);
  }

  /** Ends the loop and waits for what is under way. */
  async close(): Promise<void> {
    this[Symbol.dispose]();
    await Promise.allSettled([...this.#turns.values(), ...this.#acts.values()]);
  }

  [Symbol.dispose](): void {
    this.#ended.abort();
    this.#subscriptions[Symbol.dispose]();
    for (const { timer } of this.#waiting.values()) timer[Symbol.dispose]();
    this.#waiting.clear();
    this.#queue.clear();
    this.#due.clear();
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
    const { workspaceId, state } = workspace;
    const before = this.#observed.get(workspaceId)?.state;
    this.#observed.set(workspaceId, workspace);
    // It was given up while nobody called for it: that counts like a call that failed, or it would be tried in a circle.
    const counted = this.#acts.has(workspaceId) || this.#waiting.has(workspaceId);
    if (state === 'failed' && before !== 'failed' && this.#met.has(workspaceId) && !counted)
      this.#retryLater(workspaceId, { wish: 'running', error: workspace.error });
    this.#enqueue(workspaceId);
  }

  #listed(all: WorkspaceObservation[]): void {
    const gone = new Set(this.#observed.keys());
    for (const workspace of all) {
      gone.delete(workspace.workspaceId);
      this.#seen(workspace);
    }
    for (const workspaceId of gone) this.#seen({ workspaceId, state: 'absent', stages: [], error: null });
  }

  /** Someone wishes: what failed before is tried at once. */
  #wake(ref: WorkspaceRef): void {
    this.#refs.set(ref.workspaceId, ref);
    this.#forgive(ref.workspaceId);
    this.#enqueue(ref.workspaceId);
  }

  #forgive(workspaceId: WorkspaceId): void {
    this.#failures.delete(workspaceId);
    this.#waiting.get(workspaceId)?.timer[Symbol.dispose]();
    this.#waiting.delete(workspaceId);
  }

  #enqueue(workspaceId: WorkspaceId): void {
    if (this.#ended.signal.aborted || !this.#refs.has(workspaceId)) return;
    this.#queue.add(workspaceId);
    this.#drain();
  }

  #drain(): void {
    startEach({ waiting: this.#queue, running: this.#turns }, (workspaceId) =>
      this.#turn(workspaceId).finally(() => {
        this.#turns.delete(workspaceId);
        this.#drain();
      }),
    );
  }

  /** Writes down what is so, and calls for what is missing. */
  async #turn(workspaceId: WorkspaceId): Promise<void> {
    const ref = this.#refs.get(workspaceId);
    if (!ref) return;
    try {
      const stored = await this.#to.workspaces.observe(ref, (now) => this.#assess(now));
      if (!stored || this.#ended.signal.aborted) return;
      if (stored.status === stored.desired) this.#forgive(workspaceId);
      if (!this.#needsAct(stored)) return;
      this.#due.add(workspaceId);
      this.#actOnDue();
    } catch (error) {
      this.#failed(workspaceId, undefined, error);
    }
  }

  #actOnDue(): void {
    startEach({ waiting: this.#due, running: this.#acts }, (workspaceId) =>
      this.#act(workspaceId).finally(() => {
        this.#acts.delete(workspaceId);
        // The wish may be another one by now.
        this.#enqueue(workspaceId);
        this.#actOnDue();
      }),
    );
  }

  /** Calls the provisioner, then takes its outcome as observed without waiting for the watch to tell. */
  async #act(workspaceId: WorkspaceId): Promise<void> {
    const { provisioner, workspaces } = this.#to;
    const ref = this.#refs.get(workspaceId);
    let wish: StoredWorkspace['desired'] | undefined;
    try {
      const stored = ref && (await workspaces.read(ref));
      if (!stored || !this.#needsAct(stored)) return;
      wish = stored.desired;
      this.#met.add(workspaceId);
      if (wish === 'running') await provisioner.ensure(await this.#spec(stored));
      else await provisioner.stop(workspaceId);
      const stages = this.#observed.get(workspaceId)?.stages ?? [];
      this.#observed.set(workspaceId, { workspaceId, state: wish, stages, error: null });
    } catch (error) {
      this.#failed(workspaceId, wish, error);
    }
  }

  /** Whether the provisioner must be called to bring the workspace to its wish. */
  #needsAct({ workspaceId, desired }: StoredWorkspace): boolean {
    if (this.#waits(workspaceId, desired)) return false;
    const state = this.#observed.get(workspaceId)?.state;
    // `ensure` converges and adopts what runs already.
    if (state === undefined || !this.#met.has(workspaceId)) return true;
    switch (desired) {
      case 'running':
        // What is starting is the provisioner's own business: it bounds its tries.
        return state !== 'running' && state !== 'starting';
      case 'stopped':
        return state !== 'stopped' && state !== 'absent';
    }
  }

  #waits(workspaceId: WorkspaceId, wish: StoredWorkspace['desired']): Waiting | undefined {
    const waiting = this.#waiting.get(workspaceId);
    return waiting?.wish === wish ? waiting : undefined;
  }

  #failed(workspaceId: WorkspaceId, wish: StoredWorkspace['desired'] | undefined, error: unknown): void {
    if (this.#ended.signal.aborted) return;
    this.#to.context.logger.warn({ error, workspaceId, wish }, 'a workspace could not be brought to its wished state');
    const what = wish === 'stopped' ? 'stopped' : 'started';
    const words = isCoditectError(error)
      ? error.message
      : `The workspace could not be ${what}. The server’s log says why.`;
    this.#retryLater(workspaceId, { wish, error: words });
  }

  #retryLater(workspaceId: WorkspaceId, of: Pick<Waiting, 'wish' | 'error'>): void {
    const { clock, random } = this.#to.context;
    const attempt = this.#failures.get(workspaceId) ?? 0;
    this.#failures.set(workspaceId, attempt + 1);
    this.#waiting.get(workspaceId)?.timer[Symbol.dispose]();
    const timer = clock.after(backoffMs(retry, attempt, random), () => {
      this.#waiting.delete(workspaceId);
      this.#enqueue(workspaceId);
    });
    this.#waiting.set(workspaceId, { ...of, timer });
  }

  /** The record as it should stand given what is known now; the same object when nothing changed. */
  #assess(stored: StoredWorkspace): StoredWorkspace {
    const observed = this.#observed.get(stored.workspaceId);
    const connected = this.#to.links.connected(stored.workspaceId, 'host');
    const reached = statusOf(stored, observed, connected);
    const waits = this.#waits(stored.workspaceId, stored.desired);
    const status = waits && reached !== stored.desired ? 'failed' : reached;
    const error = status === 'failed' ? (waits?.error ?? observed?.error ?? stored.error) : null;
    const stages = stagesOf(stored, observed, {
      ready: status === 'running',
      now: this.#to.context.clock.now(),
      error,
    });
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

/** Starts what waits, in order, `concurrencyMax` at once and one at a time for each workspace. */
function startEach(
  { waiting, running }: { waiting: Set<WorkspaceId>; running: Map<WorkspaceId, Promise<void>> },
  start: (workspaceId: WorkspaceId) => Promise<void>,
): void {
  for (const workspaceId of waiting) {
    if (running.size >= concurrencyMax) return;
    if (running.has(workspaceId)) continue;
    waiting.delete(workspaceId);
    running.set(workspaceId, start(workspaceId));
  }
}

/** What a person is told. `running` only once the host has dialled in: before that nothing could be done with it. */
function statusOf(
  stored: StoredWorkspace,
  observed: WorkspaceObservation | undefined,
  connected: boolean,
): WorkspaceStatus {
  if (stored.desired === 'stopped') {
    const stopped = observed
      ? observed.state === 'stopped' || observed.state === 'absent'
      : stored.status === 'stopped';
    return stopped ? 'stopped' : 'stopping';
  }
  if (observed?.state === 'failed') return 'failed';
  if (observed?.state === 'running' && connected) return 'running';
  return observed ? 'starting' : stored.status === 'running' && connected ? 'running' : 'pending';
}

function stagesOf(
  stored: StoredWorkspace,
  observed: WorkspaceObservation | undefined,
  at: { ready: boolean; now: number; error: string | null },
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
  // What was under way when it failed says so itself.
  return at.error === null ? stages : stages.with(-1, { ...(stages.at(-1) as WorkspaceStage), error: at.error });
}
