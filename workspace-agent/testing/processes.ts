import { readFileSync } from 'node:fs';

/** For tests: whether a process runs. One that has ended and was not waited for does not. */
export function isAlive(pid: number): boolean {
  try {
    const line = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return !line.slice(line.lastIndexOf(')') + 2).startsWith('Z');
  } catch {
    return false;
  }
}
