import { readdir, readFile } from 'node:fs/promises';

interface ProcessStat {
  pid: number;
  parent: number;
  session: number;
}

/** The processes of `session` other than its leader, and the leader's children that made a session of their own. */
export async function processesBelow(leader: number): Promise<number[]> {
  const processes = await allProcesses();
  return processes
    .filter(({ pid, parent, session }) => pid !== leader && (session === leader || parent === leader))
    .map(({ pid }) => pid);
}

/** The processes of `session`, its leader included. */
export async function processesOfSession(session: number): Promise<number[]> {
  const processes = await allProcesses();
  return processes.filter((process) => process.session === session).map(({ pid }) => pid);
}

/** Sends `signal` to a process or, negative, to a group; one that is gone already is fine. */
export function signalProcess(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It ended by itself, or is no longer ours to signal.
  }
}

async function allProcesses(): Promise<ProcessStat[]> {
  const names = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const stats = await Promise.all(names.map((name) => readStat(Number(name))));
  return stats.filter((stat) => stat !== undefined);
}

async function readStat(pid: number): Promise<ProcessStat | undefined> {
  const line = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined);
  // The name, in parentheses, may hold anything: fields are counted from its end. State, parent, group, session.
  const [state, parent, , session] = line?.slice(line.lastIndexOf(')') + 2).split(' ') ?? [];
  return state === undefined || state === 'Z' ? undefined : { pid, parent: Number(parent), session: Number(session) };
}
