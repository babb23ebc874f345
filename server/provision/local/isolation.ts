import { execFile } from 'node:child_process';
import { chmod, mkdir, readFile, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { base32, type Random } from '../../../lib/base/random.ts';
import { limits } from '../../../lib/contracts/limits.ts';
import { type AgentStage, agentStage } from './agent-stage.ts';
import { workspacesFolder } from './layout.ts';
import { hostEnvironment, inside, sandboxArguments } from './sandbox.ts';
import { giveTo, newUserId, removeTree, serverUserId } from './volume.ts';

const run = promisify(execFile);

/** How workspaces are kept apart from this machine and from each other. */
export interface Isolation {
  kind: 'bubblewrap' | 'none';
  /** Why there is none, with what to do; null in bubblewrap. */
  reason: string | null;
  /** Whether each workspace's processes run as a user of its own. Only root can give them one. */
  ownUsers: boolean;
}

interface Probe {
  dataFolder: string;
  stage: AgentStage;
  random: Random;
}

/** Finds out by trying: the staged Node is run as a workspace's user, then in a sandbox, where it writes a file. */
export async function probeIsolation(probe: Probe, wanted: 'auto' | 'none'): Promise<Isolation> {
  const isRoot = serverUserId() === 0;
  const obstacle = isRoot ? await ownUserObstacle(probe) : null;
  const ownUsers = isRoot && obstacle === null;
  const none = (reason: string): Isolation => ({ kind: 'none', reason, ownUsers });
  if (wanted === 'none') return none('The sandbox is switched off.');
  // Without a user of its own, a sandbox made by root would hold the machine's root.
  if (obstacle !== null) return none(obstacle);
  const failure = await sandboxObstacle(probe, ownUsers);
  return failure === null ? { kind: 'bubblewrap', reason: null, ownUsers } : none(failure);
}

/** The start of a command line that runs the rest as the user, without a way back. */
export function asUser(uid: number): string[] {
  return ['setpriv', '--reuid', String(uid), '--regid', String(uid), '--clear-groups', '--inh-caps=-all', '--'];
}

/** The start of a command line that bounds what the rest may use. */
export async function bounded(ownUser: boolean): Promise<string[]> {
  const hard = /^Max open files\s+\d+\s+(\d+)/m.exec(await readFile('/proc/self/limits', 'utf8'))?.[1];
  const openFiles = Math.min(Number(hard ?? limits.workspaceOpenFilesMax), limits.workspaceOpenFilesMax);
  // The kernel counts processes by user: the bound means something only where the user is the workspace's own.
  const processes = ownUser ? [`--nproc=${limits.workspaceProcessesMax}`] : [];
  return ['prlimit', '--core=0', `--nofile=${openFiles}:${openFiles}`, ...processes, '--'];
}

async function ownUserObstacle({ dataFolder, stage, random }: Probe): Promise<string | null> {
  const folders = await foldersTo(workspacesFolder(dataFolder));
  const closed = folders.find(({ mode }) => (mode & 0o001) === 0);
  if (closed) {
    const mode = (closed.mode & 0o777).toString(8);
    return `Workspaces could not reach their files: the folder ${closed.path} (mode ${mode}) lets nobody but its owner in. Set DATA_DIR to a folder outside it, such as /var/lib/coditect, or run: chmod o+x ${closed.path}`;
  }
  return await obstacleOf([...asUser(newUserId(random)), stage.node, '--version']);
}

async function sandboxObstacle({ dataFolder, stage, random }: Probe, ownUsers: boolean): Promise<string | null> {
  const folder = join(workspacesFolder(dataFolder), `.probe-${base32(random.bytes(8))}`);
  const uid = ownUsers ? newUserId(random) : serverUserId();
  try {
    await mkdir(folder);
    await chmod(folder, 0o700);
    await giveTo(folder, uid);
    const binds = { workspace: folder, home: folder, agent: stage.folder, config: stage.entry };
    const script = `require('fs').writeFileSync('${inside.workspace}/probe', '')`;
    return await obstacleOf([
      ...(ownUsers ? asUser(uid) : []),
      'bwrap',
      ...sandboxArguments(binds, hostEnvironment(inside.home, {})),
      agentStage(inside.agent).node,
      '-e',
      script,
    ]);
  } finally {
    await removeTree(folder);
  }
}

/** Runs it; null when it succeeded, else why not in a sentence. */
async function obstacleOf([program = '', ...rest]: string[]): Promise<string | null> {
  try {
    await run(program, rest, { timeout: limits.sandboxStartMsMax, killSignal: 'SIGKILL', cwd: '/' });
    return null;
  } catch (error) {
    const { code, stderr = '' } = error as NodeJS.ErrnoException & { stderr?: string };
    const missing = code === 'ENOENT' ? program : /failed to execute (\S+): No such file/.exec(stderr)?.[1];
    if (missing) return `${missing} is not installed. It comes with the packages bubblewrap and util-linux.`;
    const words = stderr.trim().split('\n')[0] || (error as Error).message;
    return `A trial run of a sandbox failed on this machine: ${words}`;
  }
}

/** Every folder from the root to this one. */
async function foldersTo(path: string): Promise<{ path: string; mode: number }[]> {
  const parent = dirname(path);
  const above = parent === path ? [] : await foldersTo(parent);
  return [...above, { path, mode: (await stat(path)).mode }];
}
