import { readFileSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { type Clock, delay } from '../../../lib/base/clock.ts';
import { limits } from '../../../lib/contracts/limits.ts';

/** A process for certain: numbers are given out again, a number with its start time (in ticks since boot) is not. */
export interface ProcessIdentity {
  pid: number;
  startTime: number;
}

/** One row of the process table. */
export interface ProcessEntry extends ProcessIdentity {
  parent: number;
  uid: number;
  arguments: string[];
}

/** The process with this number; null when there is none or only its exit status is left. */
export function identifyProcess(pid: number): ProcessIdentity | null {
  try {
    const stat = parseStat(readFileSync(`/proc/${pid}/stat`, 'latin1'));
    return stat.dead ? null : { pid, startTime: stat.startTime };
  } catch {
    return null;
  }
}

/** Whether that very process lives. */
export function isAlive({ pid, startTime }: ProcessIdentity): boolean {
  return identifyProcess(pid)?.startTime === startTime;
}

/** Sends the signal if that very process still lives. Harmless otherwise. */
export function signalProcess(target: ProcessIdentity, signal: NodeJS.Signals): void {
  if (!isAlive(target)) return;
  try {
    process.kill(target.pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** All living processes, or those of the users given. What ends while we read is left out. */
export async function readProcessTable(uids: readonly number[] | null = null): Promise<ProcessEntry[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const rows = await Promise.all(pids.map((pid) => readEntry(Number(pid), uids).catch(() => null)));
  return rows.filter((row) => row !== null);
}

async function readEntry(pid: number, uids: readonly number[] | null): Promise<ProcessEntry | null> {
  const status = await readFile(`/proc/${pid}/status`, 'latin1');
  const owner = Number(/^Uid:\t(\d+)/m.exec(status)?.[1]);
  if (uids !== null && !uids.includes(owner)) return null;
  const stat = parseStat(await readFile(`/proc/${pid}/stat`, 'latin1'));
  if (stat.dead) return null;
  const commandLine = await readFile(`/proc/${pid}/cmdline`, 'utf8');
  return {
    pid,
    startTime: stat.startTime,
    parent: stat.parent,
    uid: owner,
    arguments: commandLine.split('\0'),
  };
}

/** The second field is the program's name in brackets, which may hold anything, brackets too. */
function parseStat(text: string): { dead: boolean; parent: number; startTime: number } {
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return { dead: /^[ZXx]/.test(fields[0] ?? 'X'), parent: Number(fields[1]), startTime: Number(fields[19]) };
}

/** The processes that `isRoot` names and everything below them. */
export function familyOf(table: ProcessEntry[], isRoot: (entry: ProcessEntry) => boolean): ProcessEntry[] {
  const family = new Map(table.filter(isRoot).map((entry) => [entry.pid, entry]));
  for (let before = -1; before !== family.size; ) {
    before = family.size;
    for (const entry of table) if (family.has(entry.parent)) family.set(entry.pid, entry);
  }
  return [...family.values()];
}

/** What {@link endFamily} ends. */
export interface Family {
  /** All of them belong to these users. */
  uids: readonly number[];
  isRoot: (entry: ProcessEntry) => boolean;
  /** Those of the family that are asked to end before all are made to. */
  asked: (family: ProcessEntry[]) => ProcessEntry[];
}

/**
 * Asks (SIGTERM), then kills, until nothing of the family is left. A process that was once seen in it stays in it,
 * so that nobody leaves by losing its parent.
 */
export async function endFamily(family: Family, clock: Clock): Promise<void> {
  const known = new Map<number, number>();
  const living = async (): Promise<ProcessEntry[]> => {
    const table = await readProcessTable(family.uids);
    const found = familyOf(table, (entry) => family.isRoot(entry) || known.get(entry.pid) === entry.startTime);
    for (const { pid, startTime } of found) known.set(pid, startTime);
    return found;
  };
  let left = await living();
  const asked = family.asked(left);
  for (const entry of asked) signalProcess(entry, 'SIGTERM');
  const deadline = clock.monotonic() + limits.processEndMsMax;
  while (asked.some(isAlive) && clock.monotonic() < deadline) await delay(clock, pauseMs);
  for (left = await living(); left.length > 0; left = await living()) {
    for (const entry of left) signalProcess(entry, 'SIGKILL');
    await delay(clock, pauseMs);
  }
}

const pauseMs = 10;
