import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { newId, systemRandom } from '../lib/base/random.ts';
import { defaultIgnoreRules } from '../lib/contracts/agent-config.ts';
import type { OpId } from '../lib/contracts/ids.ts';
import { replay } from '../lib/contracts/replay.ts';
import { treeOnDisk } from '../workspace-agent/monitor/testing/tree-on-disk.ts';
import { signalProcess } from './provision/local/processes.ts';
import { Client } from './testing/client.ts';
import { RealServer } from './testing/real-server.ts';

const waitMs = 30_000;
const manyFiles = 10_000;
const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');

let server: RealServer;
let client: Client;

beforeAll(async () => {
  server = await RealServer.open();
  client = await Client.register(server.url);
  await reached('running');
});
afterAll(async () => {
  client?.close();
  await server?.close();
});

const reached = (status: string) =>
  vi.waitFor(async () => expect(await client.status()).toBe(status), { timeout: waitMs, interval: 100 });

/** Runs a command in a terminal until it has left its mark, as a person would. */
async function shell(command: string): Promise<void> {
  const mark = join(server.paths(client.workspaceId).home, `done-${newId(systemRandom)}`);
  const terminal = await client.openTerminal();
  terminal.type(new TextEncoder().encode(`${command}; touch ~/${mark.split('/').at(-1)}\r`));
  await vi.waitFor(() => statSync(mark), { timeout: waitMs, interval: 50 });
  await client.connection.persist('terminal.close', { terminalId: terminal.terminalId });
  terminal[Symbol.dispose]();
}

const save = (path: string, text: string) => client.write({ opId: newId<OpId>(systemRandom), path, text });

/** Waits until the trail tells what the disk holds. */
async function trailTellsDisk(): Promise<void> {
  const root = server.paths(client.workspaceId).workspace;
  await vi.waitFor(
    async () => {
      const entries = await client.trail();
      expect(Object.fromEntries(replay(entries))).toEqual(Object.fromEntries(treeOnDisk(root, defaultIgnoreRules)));
      expect((await client.trailPage('limit=1')).completeTo).toBe(entries.at(-1)?.seq);
    },
    { timeout: waitMs, interval: 500 },
  );
}

describe('a workspace', { timeout: 60_000 }, () => {
  test('that is stopped and started has its files and its home', async () => {
    await shell('echo kept > note; echo "set -o vi" >> ~/.bashrc; echo at home > ~/.note');
    await client.connection.persist('workspace.stop', {});
    await reached('stopped');
    expect(await server.processes()).toEqual([]);
    // What changes meanwhile is found by the next start.
    const { workspace, home } = server.paths(client.workspaceId);
    writeFileSync(join(workspace, 'meanwhile'), 'found later\n');
    await client.connection.persist('workspace.start', {});
    await reached('running');
    expect(await (await client.api('/files/content?path=note')).text()).toBe('kept\n');
    await shell('cat ~/.note > from-home');
    expect(readFileSync(join(workspace, 'from-home'), 'utf8')).toBe('at home\n');
    expect(readFileSync(join(home, '.bashrc'), 'utf8')).toContain('set -o vi');
    await trailTellsDisk();
  });

  test('outlives Ctrl-C and is adopted by the next server, with what runs in it', async () => {
    const lives = async () => {
      const agents = [await server.agent('host'), await server.agent('monitor')];
      return agents.map((agent) => agent && `${agent.pid}/${agent.startTime}`);
    };
    const before = await lives();
    const terminal = await client.openTerminal();
    terminal.type(new TextEncoder().encode('for ((i = 0; ; i++)); do echo $i > ~/count; sleep 0.01; done\r'));
    const count = () => Number(readFileSync(join(server.paths(client.workspaceId).home, 'count'), 'utf8'));
    await vi.waitFor(() => expect(count()).toBeGreaterThan(10), waitMs);
    await server.end('SIGINT');
    expect(server.output).toMatch(/One workspace goes on/);
    const during = count();
    await vi.waitFor(() => expect(count()).toBeGreaterThan(during + 10), waitMs);
    await server.start();
    await reached('running');
    expect(await lives()).toEqual(before);
    await client.connection.persist('terminal.close', { terminalId: terminal.terminalId });
    terminal[Symbol.dispose]();
  });

  test.runIf(process.getuid?.() === 0)('with a full disk refuses to save, keeps what was, and recovers', async () => {
    const { workspace } = server.paths(client.workspaceId);
    await client.connection.persist('workspace.stop', {});
    await reached('stopped');
    const { uid } = statSync(workspace);
    const options = `size=4m,uid=${uid},gid=${uid},mode=0700`;
    execFileSync('mount', ['-t', 'tmpfs', '-o', options, 'coditect-test', workspace]);
    try {
      await client.connection.persist('workspace.start', {});
      await reached('running');
      await save('text', 'the old text');
      await shell('head -c 8M /dev/zero > filler');
      await expect(save('text', 'x'.repeat(100_000))).rejects.toMatchObject({ code: 'storage_full' });
      const over = await client.put('text', 'x'.repeat(100_000));
      expect([over.status, (await over.json()).code]).toEqual([507, 'storage_full']);
      expect(readFileSync(join(workspace, 'text'), 'utf8')).toBe('the old text');
      await shell('rm filler');
      await save('text', 'x'.repeat(100_000));
      await trailTellsDisk();
    } finally {
      await client.connection.persist('workspace.stop', {});
      await reached('stopped');
      execFileSync('umount', [workspace]);
    }
    await client.connection.persist('workspace.start', {});
    await reached('running');
    await trailTellsDisk();
  });
});

test('a server that nobody listens to any more serves on, at rest, and ends when it is told to', async () => {
  server.stopListening();
  // Its answer to the agents' coming and going is a warning, which it has to swallow.
  const monitor = await server.agent('monitor');
  if (monitor) signalProcess(monitor, 'SIGKILL');
  await vi.waitFor(async () => expect((await server.agent('monitor'))?.pid).not.toBe(monitor?.pid), waitMs);
  await reached('running');
  await server.end('SIGINT');
  expect(server.process?.exitCode).toBe(0);
  await server.start();
  await reached('running');
});

describe('a monitor that stands still', { timeout: 120_000 }, () => {
  test(`through ${manyFiles} writes tells all ${manyFiles} final states, and a gap`, async () => {
    await trailTellsDisk();
    const before = (await client.trail()).length;
    const monitor = await server.agent('monitor');
    if (!monitor) throw new Error('There is no monitor');
    signalProcess(monitor, 'SIGSTOP');
    await shell(`mkdir many; for ((i = 0; i < ${manyFiles}; i++)); do echo $i > many/$i; done`);
    signalProcess(monitor, 'SIGCONT');
    await trailTellsDisk();
    const entries = (await client.trail()).slice(before);
    expect(entries.map(({ kind }) => kind)).toContain('gap_opened');
    const told = new Map(entries.map(({ path, sha256 }) => [path as string, sha256]));
    const wrong = Array.from({ length: manyFiles }, (_, index) => index).filter(
      (index) => told.get(`many/${index}`) !== sha256(`${index}\n`),
    );
    expect(wrong).toEqual([]);
  });
});

describe('`npm run stop`', () => {
  test('ends the server and leaves no process', { timeout: 60_000 }, async () => {
    await client.openTerminal();
    expect(await server.admin('stop')).toMatch(/The server has stopped.\n1 workspace has stopped/);
    expect(server.running).toBe(false);
    expect(await server.processes()).toEqual([]);
  });
});
