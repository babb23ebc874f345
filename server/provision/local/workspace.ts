import { createHash } from 'node:crypto';
import { readFile, rename, rm } from 'node:fs/promises';
import { type Backoff, backoffMs } from '../../../lib/base/backoff.ts';
import type { Clock } from '../../../lib/base/clock.ts';
import type { Logger } from '../../../lib/base/logger.ts';
import { base32, type Random } from '../../../lib/base/random.ts';
import type { WorkspaceId } from '../../../lib/contracts/ids.ts';
import { limits } from '../../../lib/contracts/limits.ts';
import type { WorkspaceRole } from '../../../lib/contracts/protocol/workspace.ts';
import type { WorkspaceStageName } from '../../../lib/contracts/records.ts';
import type { ObservedState, WorkspaceObservation, WorkspaceSpec } from '../provisioner.ts';
import type { AgentStage } from './agent-stage.ts';
import type { Isolation } from './isolation.ts';
import {
  boundLog,
  type Launched,
  type LaunchPlan,
  lastWords,
  launch,
  type OrphanBounds,
  replaceFile,
  writeConfigs,
} from './launch.ts';
import { workspacePaths } from './layout.ts';
import { endFamily, isAlive, type ProcessEntry } from './processes.ts';
import { isWorkspaceUser, makeVolume, ownerOf, removeTree, serverUserId } from './volume.ts';

/** What all workspaces of one provisioner share. */
export interface LocalContext {
  dataFolder: string;
  stage: AgentStage;
  isolation: Isolation;
  orphan: OrphanBounds;
  /** Of the server's environment what workspaces may know. */
  environment: Record<string, string>;
  clock: Clock;
  random: Random;
  logger: Logger;
}

const roles = ['host', 'monitor'] as const;
const restartDelay: Backoff = { baseMs: 200, maxMs: 5_000 };

/** What is kept on disk about a workspace whose processes run, for the next server to adopt them by. */
interface RunRecord {
  specHash: string;
  isolation: Isolation['kind'];
  stages: WorkspaceObservation['stages'];
  processes: Partial<Record<WorkspaceRole, Launched>>;
}

/**
 * One workspace on this machine: its folders and its two processes, which are looked after while it is meant to run.
 * Calls are carried out one after the other.
 */
export class LocalWorkspace {
  readonly id: WorkspaceId;
  #context: LocalContext;
  #changed: (observation: WorkspaceObservation) => void;
  #paths;
  #state: ObservedState = 'absent';
  #error: string | null = null;
  #stages: WorkspaceObservation['stages'] = [];
  #told = '';
  #record: RunRecord | null = null;
  /** Whether deaths are answered with a new start. */
  #supervised = false;
  #deaths: number[] = [];
  #poll: Disposable | null = null;
  #restart: Disposable | null = null;
  #turn: Promise<unknown> = Promise.resolve();

  constructor(id: WorkspaceId, context: LocalContext, changed: (observation: WorkspaceObservation) => void) {
    this.id = id;
    this.#context = context;
    this.#changed = changed;
    this.#paths = workspacePaths(context.dataFolder, id);
  }

  observation(): WorkspaceObservation {
    const stages = this.#stages.map((stage) => ({ ...stage }));
    return { workspaceId: this.id, state: this.#state, stages, error: this.#error };
  }

  /** The hashes of the agents that its processes run from. */
  get stagesInUse(): string[] {
    return roles.flatMap((role) => this.#record?.processes[role]?.stage ?? []);
  }

  /** The numbers of its living processes. */
  running(): Partial<Record<WorkspaceRole, number>> {
    const found = roles.flatMap((role) => {
      const launched = this.#record?.processes[role];
      return isRunning(launched) ? [[role, launched.process.pid]] : [];
    });
    return Object.fromEntries(found);
  }

  /** Takes charge of what runs already, as the record says; ends what it does not know or was less well isolated. */
  adopt(table: ProcessEntry[]): Promise<void> {
    return this.#inTurn(async () => {
      const uid = await ownerOf(this.#paths.workspace);
      const found = table.filter(
        (entry) => entry.uid === uid && (isWorkspaceUser(uid) || this.#isMarked(entry, roles)),
      );
      if (found.length === 0) return this.#become('stopped');
      const record = await this.#readRecord();
      // Numbers and start times could meet again after the machine was started anew; the command line then differs.
      const runs = (role: WorkspaceRole) => {
        const launched = record?.processes[role];
        const isIt = (entry: ProcessEntry) => entry.pid === launched?.process.pid && this.#isMarked(entry, [role]);
        return isRunning(launched) && found.some(isIt);
      };
      if (!record || record.isolation !== this.#context.isolation.kind || !roles.some(runs)) {
        await this.#endAll();
        return this.#become('stopped');
      }
      this.#record = record;
      this.#stages = record.stages;
      this.#supervised = true;
      this.#become(roles.every(runs) ? 'running' : 'starting');
      this.#look();
    });
  }

  ensure(spec: WorkspaceSpec): Promise<void> {
    return this.#inTurn(async () => {
      const specHash = hashOf(spec, this.#context);
      if (this.#supervised && this.#record?.specHash === specHash) {
        this.#deaths = [];
        // What lives is left alone: a dead monitor must not cost the user's terminals.
        if (this.#missing().length > 0) await this.#startMissing();
        return;
      }
      try {
        await this.#start(spec, specHash);
      } catch (error) {
        await this.#endAll();
        this.#become('failed', error instanceof Error ? error.message : String(error));
        throw error;
      }
    });
  }

  stop(): Promise<void> {
    return this.#inTurn(async () => {
      if (this.#state === 'absent' || this.#state === 'stopped') return;
      this.#become('stopping');
      await this.#endAll();
      this.#stages = [];
      this.#become('stopped');
    });
  }

  destroy(): Promise<void> {
    return this.#inTurn(async () => {
      if (this.#state === 'absent') return;
      this.#become('stopping');
      await this.#endAll();
      // Renamed first: after a crash half-way there is a folder of rubbish, not half a workspace.
      const rubbish = `${this.#paths.folder}.${base32(this.#context.random.bytes(8))}.rubbish`;
      if ((await ownerOf(this.#paths.folder)) !== null) await rename(this.#paths.folder, rubbish);
      await removeTree(rubbish);
      this.#stages = [];
      this.#become('absent');
    });
  }

  /** Ends the supervision after the call under way. What runs runs on. */
  close(): Promise<void> {
    return this.#inTurn(async () => this.#leave());
  }

  #inTurn<T>(act: () => Promise<T>): Promise<T> {
    const done = this.#turn.then(act);
    this.#turn = done.catch(() => undefined);
    return done;
  }

  async #start(spec: WorkspaceSpec, specHash: string): Promise<void> {
    const { isolation, orphan, random } = this.#context;
    await this.#endAll();
    this.#deaths = [];
    this.#stages = [];
    this.#record = { specHash, isolation: isolation.kind, stages: this.#stages, processes: {} };
    this.#become('starting');
    const uid = await this.#stage('volume', () => makeVolume(this.#paths, { ownUser: isolation.ownUsers, random }));
    const plan = this.#plan(uid);
    await this.#stage('sandbox', () => writeConfigs(plan, spec, orphan));
    for (const role of roles) await this.#stage(role, () => this.#launch(role, plan));
    await this.#writeRecord();
    this.#supervised = true;
    this.#become('running');
    this.#look();
  }

  async #stage<T>(name: WorkspaceStageName, act: () => Promise<T>): Promise<T> {
    const stage = { name, startedAt: this.#context.clock.now(), endedAt: null as number | null };
    this.#stages.push(stage);
    this.#become(this.#state);
    const result = await act();
    stage.endedAt = this.#context.clock.now();
    return result;
  }

  #plan(uid: number): LaunchPlan {
    const { stage, isolation, environment } = this.#context;
    return { paths: this.#paths, stage, isolation, uid, environment };
  }

  async #launch(role: WorkspaceRole, plan: LaunchPlan): Promise<void> {
    if (!this.#record) return;
    this.#record.processes[role] = await launch(role, plan, () => this.#look());
    await this.#writeRecord();
  }

  /** Level-triggered: whoever noticed something calls it, and so does time. */
  #look(): void {
    if (!this.#supervised) return;
    this.#poll?.[Symbol.dispose]();
    this.#poll = this.#context.clock.after(limits.processPollMs, () => this.#look());
    for (const role of roles) {
      boundLog(this.#paths.log[role]).catch((error) => this.#warn(error, 'a log could not be bounded'));
    }
    if (this.#restart) return;
    const dead = this.#missing();
    if (dead.length === 0) this.#become('running');
    else this.#died(dead);
  }

  #missing(): WorkspaceRole[] {
    return roles.filter((role) => !isRunning(this.#record?.processes[role]));
  }

  #died(dead: WorkspaceRole[]): void {
    const { clock, random, logger } = this.#context;
    const now = clock.monotonic();
    this.#deaths = [...this.#deaths.filter((at) => at > now - limits.processDeathWindowMs), now];
    if (this.#deaths.length > limits.processDeathsMax) {
      this.#inTurn(() => this.#giveUp(dead)).catch((error) => this.#warn(error, 'a workspace could not be ended'));
      return;
    }
    const waitMs = backoffMs(restartDelay, this.#deaths.length - 1, random);
    logger.warn({ workspaceId: this.id, dead, waitMs }, 'processes of a workspace died; starting them again');
    this.#become('starting');
    this.#restart = clock.after(waitMs, () => void this.#inTurn(() => this.#startMissing()));
  }

  async #startMissing(): Promise<void> {
    this.#restart?.[Symbol.dispose]();
    this.#restart = null;
    if (!this.#supervised) return;
    try {
      const plan = this.#plan((await ownerOf(this.#paths.workspace)) ?? serverUserId());
      for (const role of this.#missing()) {
        await this.#end([role]);
        await this.#launch(role, plan);
      }
    } catch (error) {
      this.#warn(error, 'processes of a workspace could not be started again');
    }
    this.#look();
  }

  async #giveUp(dead: WorkspaceRole[]): Promise<void> {
    if (!this.#supervised) return;
    const [role = 'host'] = dead;
    const log = this.#paths.log[role];
    const words = await lastWords(log);
    // Without a monitor nothing would be recorded, without a host nothing could be done: neither runs alone.
    await this.#endAll();
    const error = `The workspace's ${role} process died again and again. Its last words: ${words}. Start the workspace anew; if that does not help, the operator finds more in the server's log.`;
    this.#become('failed', error);
    this.#context.logger.error({ workspaceId: this.id, log, words }, 'a workspace has failed');
  }

  /** Ends supervision and every process. */
  async #endAll(): Promise<void> {
    this.#leave();
    await this.#end(roles);
    this.#record = null;
    await rm(this.#paths.record, { force: true });
  }

  #leave(): void {
    this.#supervised = false;
    this.#poll?.[Symbol.dispose]();
    this.#restart?.[Symbol.dispose]();
    this.#poll = null;
    this.#restart = null;
  }

  /**
   * Ends the processes of these roles with all they started, known from the record or not: a server that was killed
   * between a start and the note of it leaves one that only its command line tells.
   */
  async #end(ended: readonly WorkspaceRole[]): Promise<void> {
    const uid = await ownerOf(this.#paths.workspace);
    if (uid === null) return;
    const isRoot = (entry: ProcessEntry) => this.#isOurs(entry, uid, ended);
    const asked = (family: ProcessEntry[]) => {
      // Around a sandboxed host stand bubblewrap and its reaper, which pass no signal on: their children are asked.
      const around = family.filter((entry) => this.#isMarked(entry, ended) && entry.arguments.includes('bwrap'));
      const parents = new Set(around.map(({ pid }) => pid));
      return family.filter(
        (entry) => !parents.has(entry.pid) && (this.#isMarked(entry, ended) || parents.has(entry.parent)),
      );
    };
    await endFamily({ uids: [uid, serverUserId()], isRoot, asked }, this.#context.clock);
  }

  /**
   * Whether it is a process of these roles. One that has only just been started may still be the server's user's;
   * and when all roles are meant, whatever the workspace's own user runs is.
   */
  #isOurs(entry: ProcessEntry, uid: number | null, meant: readonly WorkspaceRole[]): boolean {
    if (entry.uid === uid && isWorkspaceUser(uid) && meant.length === roles.length) return true;
    return (entry.uid === uid || entry.uid === serverUserId()) && this.#isMarked(entry, meant);
  }

  /** Whether its command line is an agent's with the configuration of this workspace. An editor's is not. */
  #isMarked({ arguments: words }: ProcessEntry, meant: readonly WorkspaceRole[]): boolean {
    return (
      words.some((word) => word.endsWith('/agent.mjs')) &&
      meant.some((role) => words.includes(this.#paths.config[role]))
    );
  }

  async #writeRecord(): Promise<void> {
    await replaceFile(this.#paths.record, JSON.stringify(this.#record));
  }

  async #readRecord(): Promise<RunRecord | null> {
    try {
      return JSON.parse(await readFile(this.#paths.record, 'utf8'));
    } catch {
      return null;
    }
  }

  #warn(error: unknown, message: string): void {
    this.#context.logger.warn({ error, workspaceId: this.id }, message);
  }

  #become(state: ObservedState, error: string | null = null): void {
    this.#state = state;
    this.#error = error;
    const observation = this.observation();
    const told = JSON.stringify(observation);
    if (told === this.#told) return;
    this.#told = told;
    this.#changed(observation);
  }
}

function isRunning(launched: Launched | undefined): launched is Launched {
  return launched !== undefined && isAlive(launched.process) && (launched.init === null || isAlive(launched.init));
}

/** Credentials are left out: they are signed anew for each call, and running processes have renewed theirs. */
function hashOf(spec: WorkspaceSpec, { isolation, orphan }: LocalContext): string {
  const { workspaceId, tenantId, userId, gatewayUrl, ignoreRules } = spec;
  const parts = [workspaceId, tenantId, userId, gatewayUrl, ignoreRules, isolation.kind, isolation.ownUsers, orphan];
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex');
}
