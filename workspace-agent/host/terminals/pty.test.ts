import { readdirSync, readlinkSync } from 'node:fs';
import { expect, it, vi } from 'vitest';
import { systemClock } from '../../../lib/base/clock.ts';
import { isAlive } from '../../testing/processes.ts';
import { openPty, type PtyExit } from './pty.ts';

interface Run {
  output: string;
  exit: PtyExit;
}

function run(script: string, { pauseMs, busyMs }: { pauseMs?: number; busyMs?: number } = {}): Promise<Run> {
  return new Promise((resolve) => {
    let output = '';
    const pty = openPty({
      file: '/bin/sh',
      args: ['-c', script],
      env: { PATH: process.env.PATH ?? '' },
      cwd: '/',
      columns: 80,
      rows: 24,
      clock: systemClock,
      onData: (bytes) => (output += bytes),
      onExit: (exit) => resolve({ output, exit }),
    });
    // This process is busy elsewhere, until the other one has written everything and ended.
    if (busyMs !== undefined) for (const end = performance.now() + busyMs; performance.now() < end; );
    if (pauseMs === undefined) return;
    pty.pause();
    systemClock.after(pauseMs, () => pty.resume());
  });
}

it('delivers all output of a process that ends at once, 300 times', async () => {
  const lines = 3_000;
  for (let count = 0; count < 300; count += 1) {
    const { output, exit } = await run(`exec seq 1 ${lines}`, { busyMs: count % 2 === 0 ? 30 : 0 });
    expect(exit).toEqual({ exitCode: 0, signal: null });
    expect(output.length).toBeGreaterThan(16 * 1024);
    expect(output.trimEnd().split('\r\n').length, `run ${count}`).toBe(lines);
  }
}, 60_000);

it('waits with the exit until what was held back has been read', async () => {
  const { output, exit } = await run('seq 1 3000; exit 7', { pauseMs: 600 });
  expect(exit).toEqual({ exitCode: 7, signal: null });
  expect(output.trimEnd().split('\r\n').length).toBe(3_000);
});

it('tells the signal that ended it', async () => {
  expect((await run('kill -KILL $$')).exit).toEqual({ exitCode: null, signal: 9 });
});

it('ends although a process left behind holds the terminal, and hangs that up', async () => {
  const { output } = await run(`trap '' HUP; (sleep 30) & echo $!; exit 0`);
  const pid = Number(output.trim());
  expect(isAlive(pid)).toBe(true);
  process.kill(pid, 'SIGKILL');
  const { output: second } = await run('(sleep 31) & echo $!; sleep 0.05');
  await vi.waitFor(() => expect(isAlive(Number(second.trim()))).toBe(false));
});

it('leaves no terminal open in later processes', async () => {
  const held = openPty({
    file: '/bin/cat',
    args: [],
    env: {},
    cwd: '/',
    columns: 80,
    rows: 24,
    clock: systemClock,
    onData: () => {},
    onExit: () => {},
  });
  const { output } = await run('ls -l /proc/self/fd');
  expect(output).not.toContain('ptmx');
  const mine = readdirSync('/proc/self/fd').flatMap((fd) => {
    try {
      return [readlinkSync(`/proc/self/fd/${fd}`)];
    } catch {
      return [];
    }
  });
  expect(mine.filter((target) => target.includes('ptmx')).length).toBe(1);
  process.kill(held.pid, 'SIGKILL');
});
