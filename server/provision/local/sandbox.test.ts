import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { newSpec } from '../contract-suite.ts';
import { passedEnvironment, sandboxArguments } from './sandbox.ts';
import { type LocalWorld, openLocalWorld } from './testing/local-world.ts';

describe('the arguments of a sandbox', () => {
  const given = sandboxArguments(
    { workspace: '/d/w', home: '/d/h', agent: '/d/a', config: '/d/c' },
    { HOME: '/home/dev' },
  );
  const bound = given.flatMap((word, at) => (/^--(ro-)?bind/.test(word) ? [given[at + 1]] : []));

  it('binds no folder that holds more than programs and what is named', () => {
    for (const broad of [
      '/',
      '/etc',
      '/home',
      '/root',
      '/var',
      '/run',
      '/tmp',
      '/d',
      '/proc',
      '/sys',
      '/dev',
      '/opt',
    ]) {
      expect(bound).not.toContain(broad);
    }
  });

  it('lets only the workspace and the home be written', () => {
    const writable = given.flatMap((word, at) => (word === '--bind' ? [given[at + 1]] : []));
    expect(writable).toEqual(['/d/w', '/d/h']);
  });

  it('drops every capability, leaves the session, and does not die with the server', () => {
    expect(given.join(' ')).toContain('--cap-drop ALL');
    expect(given).toEqual(
      expect.arrayContaining(['--unshare-user', '--unshare-pid', '--unshare-ipc', '--new-session', '--clearenv']),
    );
    expect(given).not.toContain('--die-with-parent');
    expect(given).not.toContain('--share-net');
  });
});

describe('the environment of a workspace', () => {
  it('knows of the network and of nothing else', () => {
    const own = {
      SECRET_KEY: 'x',
      HOME: '/root',
      NODE_EXTRA_CA_CERTS: '/etc/ssl/own.pem',
      https_proxy: 'http://p',
      AWS_TOKEN: 'x',
    };
    expect(passedEnvironment(own)).toEqual({ NODE_EXTRA_CA_CERTS: '/etc/ssl/own.pem', https_proxy: 'http://p' });
  });
});

describe('a sandbox, from inside', { timeout: 60_000 }, () => {
  const [mine, other] = [newSpec(), newSpec()];
  let world: LocalWorld;
  let outcomes: { name: string; outcome: string }[];
  let monitorBefore: string | null;
  let otherBefore: (string | null)[];

  const livesOfOther = () =>
    Promise.all((['host', 'monitor'] as const).map((role) => world.life(other.workspaceId, role)));

  beforeAll(async () => {
    process.env.CODITECT_TEST_SECRET = 'secret-of-the-server';
    world = await openLocalWorld({ environment: process.env });
    delete process.env.CODITECT_TEST_SECRET;
    expect(world.provisioner.isolation).toBe('bubblewrap');
    await world.provisioner.ensure(other);
    await world.writeFile(other.workspaceId, 'note', 'private');
    // Made and stopped first: the host looks for its script when it starts.
    await world.provisioner.ensure(mine);
    await world.provisioner.stop(mine.workspaceId);
    await world.writeFile(
      mine.workspaceId,
      'attacks.mjs',
      await readFile(join(import.meta.dirname, 'testing/attacks.mjs'), 'utf8'),
    );
    await world.writeFile(
      mine.workspaceId,
      'script.sh',
      'rm /workspace/script.sh; until [ -s /workspace/facts.json ]; do read -t 0.05 <> <(:); done; exec /opt/coditect/node /workspace/attacks.mjs',
    );
    await world.provisioner.ensure(mine);
    monitorBefore = await world.life(mine.workspaceId, 'monitor');
    otherBefore = await livesOfOther();
    // The attacks wait for it.
    await world.writeFile(mine.workspaceId, 'facts.json', JSON.stringify(await facts()));
    await vi.waitFor(
      async () => {
        const output = await world.readFile(mine.workspaceId, 'script.out');
        expect(await world.readFile(mine.workspaceId, 'outcomes-done'), output ?? 'nothing said').toBe('');
      },
      { timeout: 30_000, interval: 50 },
    );
    const lines = (await world.readFile(mine.workspaceId, 'outcomes'))?.trim().split('\n') ?? [];
    outcomes = lines.map((line) => JSON.parse(line));
  }, 60_000);
  afterAll(() => world.close());

  async function facts() {
    const running = Object.fromEntries(
      world.provisioner.running().map(({ workspaceId, processes }) => [workspaceId, processes]),
    );
    const { dev } = await stat('/');
    const [major, minor] = [(dev >> 8) & 0xfff, dev & 0xff];
    return {
      dataFolder: world.dataFolder,
      disk: `/dev/block/${major}:${minor}`,
      diskNumber: dev,
      diskMajorMinor: `${major} ${minor}`,
      monitorConfig: world.paths(mine.workspaceId).config.monitor,
      monitorState: world.paths(mine.workspaceId).monitor,
      otherNote: join(world.paths(other.workspaceId).workspace, 'note'),
      monitorSecret: mine.enrolment.monitor,
      serverSecret: 'secret-of-the-server',
      processes: {
        'the server': process.pid,
        'its monitor': running[mine.workspaceId]?.monitor,
        "another's host": running[other.workspaceId]?.host,
        "another's monitor": running[other.workspaceId]?.monitor,
      },
    };
  }

  it('refuses every attempt to get out', () => {
    expect(outcomes.length).toBeGreaterThan(70);
    expect(outcomes.filter(({ outcome }) => !outcome.startsWith('refused'))).toEqual([]);
  });

  it('contains a signal to everything', async () => {
    expect(await world.life(mine.workspaceId, 'monitor')).toBe(monitorBefore);
    expect(await livesOfOther()).toEqual(otherBefore);
  });
});
