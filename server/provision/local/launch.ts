import { type ChildProcess, spawn } from 'node:child_process';
import { chmod, copyFile, open, readFile, rename, stat, truncate, writeFile } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { stringify } from 'smol-toml';
import type { AgentConfig } from '../../../lib/contracts/agent-config.ts';
import { CoditectError } from '../../../lib/contracts/errors.ts';
import { limits } from '../../../lib/contracts/limits.ts';
import type { WorkspaceRole } from '../../../lib/contracts/protocol/workspace.ts';
import type { WorkspaceSpec } from '../provisioner.ts';
import { type AgentStage, agentStage } from './agent-stage.ts';
import { asUser, bounded, type Isolation } from './isolation.ts';
import type { WorkspacePaths } from './layout.ts';
import { identifyProcess, type ProcessIdentity } from './processes.ts';
import { hostEnvironment, inside, sandboxArguments } from './sandbox.ts';
import { giveTo } from './volume.ts';

/** A process of a workspace as it stands in the record. */
export interface Launched {
  process: ProcessIdentity;
  /** The first process inside the host's sandbox; with it everything inside ends. */
  init: ProcessIdentity | null;
  /** Hash of the staged agent that it runs from. */
  stage: string;
}

/** What both processes are started from. */
export interface LaunchPlan {
  paths: WorkspacePaths;
  stage: AgentStage;
  isolation: Isolation;
  uid: number;
  /** Of the server's environment what both may know. */
  environment: Record<string, string>;
}

/** How long agents live on without a gateway, in milliseconds. */
export interface OrphanBounds {
  idleMs: number;
  ms: number;
}

/** Writes both configurations, each readable by the workspace's user alone. */
export async function writeConfigs(plan: LaunchPlan, spec: WorkspaceSpec, orphan: OrphanBounds): Promise<void> {
  const { paths, isolation } = plan;
  const sandboxed = isolation.kind === 'bubblewrap';
  const common = {
    workspace_id: spec.workspaceId,
    gateway_url: spec.gatewayUrl,
    orphan_idle_ms: orphan.idleMs,
    orphan_ms: orphan.ms,
    ignore_rules: [...spec.ignoreRules],
  };
  const configs: Record<WorkspaceRole, AgentConfig> = {
    host: {
      ...common,
      enrolment: spec.enrolment.host,
      root: sandboxed ? inside.workspace : paths.workspace,
      home: sandboxed ? inside.home : paths.home,
    },
    monitor: {
      ...common,
      enrolment: spec.enrolment.monitor,
      root: paths.workspace,
      state: paths.monitor,
      host_process_file: paths.hostProcess,
    },
  };
  for (const role of ['host', 'monitor'] as const) {
    const fresh = `${paths.config[role]}.new`;
    await writeFile(fresh, stringify(configs[role]), { mode: 0o400 });
    await giveTo(fresh, plan.uid);
    await rename(fresh, paths.config[role]);
  }
}

/**
 * Starts one process in a session of its own, so that it outlives this server. `onExit` hears of its end while this
 * server lives.
 * @throws CoditectError `internal` when it did not come up.
 */
export async function launch(role: WorkspaceRole, plan: LaunchPlan, onExit: () => void): Promise<Launched> {
  const [program = '', ...rest] = await commandOf(role, plan);
  const sandboxed = isSandboxed(role, plan.isolation);
  const log = await open(plan.paths.log[role], 'a', 0o600);
  try {
    const child = spawn(program, rest, {
      detached: true,
      cwd: '/',
      env: bareEnvironment,
      stdio: ['ignore', log.fd, log.fd, sandboxed ? 'pipe' : 'ignore'],
    });
    child.once('exit', onExit);
    child.unref();
    await spawned(child);
    const identity = await identified(child, sandboxed);
    if (!identity) throw failedToStart(role, await lastWords(plan.paths.log[role]));
    if (role === 'host') await tellMonitor(plan.paths, identity.process);
    return { ...identity, stage: plan.stage.hash };
  } finally {
    await log.close();
  }
}

/** Whether the process of this role lives in a sandbox: the monitor never does, it must not be seen from inside. */
export function isSandboxed(role: WorkspaceRole, isolation: Isolation): boolean {
  return role === 'host' && isolation.kind === 'bubblewrap';
}

async function commandOf(role: WorkspaceRole, plan: LaunchPlan): Promise<string[]> {
  const { paths, stage, isolation, uid, environment } = plan;
  const limited = [...(await bounded(isolation.ownUsers)), ...(isolation.ownUsers ? asUser(uid) : [])];
  if (!isSandboxed(role, isolation)) {
    // Programs before this point are found by the server's PATH, never by one that leads through the user's home.
    const own = role === 'host' ? hostEnvironment(paths.home, environment) : { ...environment, ...bareEnvironment };
    const pairs = Object.entries(own).map(([name, value]) => `${name}=${value}`);
    return [
      ...limited,
      'env',
      '-i',
      ...pairs,
      stage.node,
      ...nodeFlags[role],
      stage.entry,
      role,
      '--config',
      paths.config[role],
    ];
  }
  const binds = { workspace: paths.workspace, home: paths.home, agent: stage.folder, config: paths.config.host };
  const { node, entry } = agentStage(inside.agent);
  const sandbox = ['bwrap', '--info-fd', '3', ...sandboxArguments(binds, hostEnvironment(inside.home, environment))];
  return [...limited, ...sandbox, node, ...nodeFlags[role], entry, role, '--config', inside.config];
}

/**
 * Both processes stand beside every workspace and rest most of the time, so room counts for more than speed: a small
 * young generation, and for the monitor, whose work is in the kernel and in hashing, no optimising compiler.
 */
const nodeFlags: Record<WorkspaceRole, string[]> = {
  host: ['--max-semi-space-size=1'],
  monitor: ['--max-semi-space-size=1', '--lite-mode'],
};

const bareEnvironment = {
  NODE_ENV: 'production' as const,
  PATH: '/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin',
  LANG: 'C.UTF-8',
};

function spawned(child: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    child.once('spawn', resolve);
    child.once('error', reject);
  });
}

/** bubblewrap tells the number of the first process inside once it has made the namespaces. */
async function identified(child: ChildProcess, sandboxed: boolean): Promise<Omit<Launched, 'stage'> | null> {
  const identity = identifyProcess(child.pid ?? 0);
  if (!sandboxed) return identity && { process: identity, init: null };
  const pipe = child.stdio[3] as Readable;
  pipe.setEncoding('utf8');
  let told = '';
  for await (const part of pipe) told += part;
  const init = identifyProcess(Number(/"child-pid":\s*(\d+)/.exec(told)?.[1]));
  return identity && init && { process: identity, init };
}

async function tellMonitor(paths: WorkspacePaths, host: ProcessIdentity): Promise<void> {
  await replaceFile(paths.hostProcess, JSON.stringify(host));
  await chmod(paths.hostProcess, 0o644);
}

/** Writes a file so that a reader sees the old or the new one whole. */
export async function replaceFile(file: string, text: string): Promise<void> {
  await writeFile(`${file}.new`, text, { mode: 0o600 });
  await rename(`${file}.new`, file);
}

function failedToStart(role: WorkspaceRole, words: string): CoditectError {
  return new CoditectError(
    'internal',
    `The workspace's ${role} process could not be started. Its last words: ${words}`,
  );
}

/** What a process said last, fit to be shown: the message of its last log entry, or the last line that is no trace. */
export async function lastWords(log: string): Promise<string> {
  const text = await readFile(log, 'utf8').catch(() => '');
  const isTrace = (line: string) => /^(\s*(at .*|[{}])?|Node\.js v.*)$/.test(line);
  const line = text.split('\n').findLast((candidate) => !isTrace(candidate)) ?? '';
  const shown = messageOf(line)
    .replace(/\p{Cc}/gu, ' ')
    .trim()
    .slice(0, 300);
  return shown === '' ? '(none)' : `“${shown}”`;
}

function messageOf(line: string): string {
  try {
    const { msg, err } = JSON.parse(line);
    return err?.message ? `${msg}: ${err.message}` : String(msg);
  } catch {
    return line;
  }
}

/** Sets a log aside that has grown too large. Its writer appends, so it goes on in the emptied file. */
export async function boundLog(log: string): Promise<void> {
  const size = await stat(log).then(
    (found) => found.size,
    () => 0,
  );
  if (size <= limits.processLogBytesMax) return;
  await copyFile(log, `${log}.1`);
  await truncate(log);
}
