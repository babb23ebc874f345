import { chmod, mkdir, readdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { Emitter } from '../../../lib/base/emitter.ts';
import { parse } from '../../../lib/contracts/errors.ts';
import { type WorkspaceId, workspaceId } from '../../../lib/contracts/ids.ts';
import type { WorkspaceRole } from '../../../lib/contracts/protocol/workspace.ts';
import type { Observation, Provisioner, WorkspaceObservation, WorkspaceSpec } from '../provisioner.ts';
import { type AgentProgram, removeStages, stageAgent } from './agent-stage.ts';
import { type Isolation, probeIsolation } from './isolation.ts';
import { agentsFolder, workspacesFolder } from './layout.ts';
import { takeLock } from './lock.ts';
import { observeWorkspaces } from './observe.ts';
import { readProcessTable } from './processes.ts';
import { passedEnvironment } from './sandbox.ts';
import { removeTree } from './volume.ts';
import { type LocalContext, LocalWorkspace } from './workspace.ts';

export interface LocalProvisionerOptions extends Pick<LocalContext, 'orphan' | 'clock' | 'random' | 'logger'> {
  /** Workspaces lie in `workspaces/` below it, staged agents in `agent/`. */
  dataFolder: string;
  agent: AgentProgram;
  /** `none` runs hosts without a sandbox even where one could be had. Default `auto`. */
  isolation?: 'auto' | 'none';
  /** The server's own environment. Of it workspaces are told of the network alone: proxies and certificates. */
  environment?: Readonly<Record<string, string | undefined>>;
}

/** Workspaces as processes of this machine, which outlive the server that started them. */
export interface LocalProvisioner extends Provisioner {
  isolation: Isolation['kind'];
  /** Why there is no sandbox, with what to do; null in bubblewrap. */
  isolationReason: string | null;
  /** The workspaces that have living processes, with the processes' numbers. */
  running(): { workspaceId: WorkspaceId; processes: Partial<Record<WorkspaceRole, number>> }[];
  /** Stops every workspace. Files are kept. */
  stopAll(): Promise<void>;
  /** Ends the supervision after the calls under way; processes live on and the next server adopts them. */
  close(): Promise<void>;
}

/**
 * Opens the workspaces below a data folder, adopting those that run.
 * @throws CoditectError `conflict` while another process has them open; its number is the fact `pid`.
 */
export async function openLocalProvisioner(options: LocalProvisionerOptions): Promise<LocalProvisioner> {
  const dataFolder = resolve(options.dataFolder);
  const folder = workspacesFolder(dataFolder);
  const agents = agentsFolder(dataFolder);
  for (const path of [folder, agents]) {
    await mkdir(path, { recursive: true });
    await chmod(path, 0o711);
  }
  const unlock = await takeLock(join(folder, '.lock'));
  try {
    const stage = await stageAgent(agents, options.agent, options.random);
    const isolation = await probeIsolation({ dataFolder, stage, random: options.random }, options.isolation ?? 'auto');
    const environment = passedEnvironment(options.environment ?? {});
    const opened = new OpenedProvisioner({ ...options, dataFolder, stage, isolation, environment }, unlock);
    await opened.adoptAll();
    await removeStages(agents, new Set([stage.hash, ...opened.stagesInUse()]));
    return opened;
  } catch (error) {
    await unlock();
    throw error;
  }
}

class OpenedProvisioner implements LocalProvisioner {
  readonly isolation;
  readonly isolationReason;
  #context: LocalContext;
  #unlock: () => Promise<void>;
  #workspaces = new Map<WorkspaceId, LocalWorkspace>();
  #changes = new Emitter<WorkspaceObservation>();

  constructor(context: LocalContext, unlock: () => Promise<void>) {
    this.#context = context;
    this.#unlock = unlock;
    this.isolation = context.isolation.kind;
    this.isolationReason = context.isolation.reason;
  }

  async adoptAll(): Promise<void> {
    const folder = workspacesFolder(this.#context.dataFolder);
    const table = await readProcessTable();
    for (const name of await readdir(folder)) {
      const id = workspaceId.safeParse(name);
      if (id.success) await this.#workspace(id.data).adopt(table);
      else if (name.endsWith('.rubbish') || name.startsWith('.probe-')) await removeTree(join(folder, name));
    }
  }

  stagesInUse(): string[] {
    return [...this.#workspaces.values()].flatMap(({ stagesInUse }) => stagesInUse);
  }

  place(id: WorkspaceId): { podNamespace: string; podName: string } {
    return { podNamespace: 'local', podName: `workspace-${id}` };
  }

  async ensure(spec: WorkspaceSpec): Promise<void> {
    await this.#workspace(parse(workspaceId, spec.workspaceId)).ensure(spec);
  }

  async stop(id: WorkspaceId): Promise<void> {
    await this.#workspaces.get(id)?.stop();
  }

  async destroy(id: WorkspaceId): Promise<void> {
    await this.#workspaces.get(id)?.destroy();
  }

  observe(signal: AbortSignal): AsyncIterable<Observation> {
    const list = () =>
      [...this.#workspaces.values()]
        .map((workspace) => workspace.observation())
        .filter(({ state }) => state !== 'absent');
    return observeWorkspaces({ list, changes: this.#changes, clock: this.#context.clock }, signal);
  }

  running(): { workspaceId: WorkspaceId; processes: Partial<Record<WorkspaceRole, number>> }[] {
    return [...this.#workspaces.values()]
      .map((workspace) => ({ workspaceId: workspace.id, processes: workspace.running() }))
      .filter(({ processes }) => Object.keys(processes).length > 0);
  }

  async stopAll(): Promise<void> {
    await Promise.all([...this.#workspaces.values()].map((workspace) => workspace.stop()));
  }

  async close(): Promise<void> {
    await Promise.all([...this.#workspaces.values()].map((workspace) => workspace.close()));
    await this.#unlock();
  }

  #workspace(id: WorkspaceId): LocalWorkspace {
    const known = this.#workspaces.get(id);
    if (known) return known;
    const fresh = new LocalWorkspace(id, this.#context, (observation) => this.#changes.emit(observation));
    this.#workspaces.set(id, fresh);
    return fresh;
  }
}
