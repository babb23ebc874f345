import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import {
  access,
  chmod,
  copyFile,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rm,
  stat,
  symlink,
  truncate,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse as parseToml } from 'smol-toml';
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { agentConfig } from '../../../lib/contracts/agent-config.ts';
import { limits } from '../../../lib/contracts/limits.ts';
import { newSpec, stateOf } from '../contract-suite.ts';
import { identifyProcess } from './processes.ts';
import { type LocalWorld, localOptions, newDataFolder, openLocalWorld, processesOf } from './testing/local-world.ts';

const patience = { timeout: 30_000, interval: 20 };
const isRoot = process.getuid?.() === 0;

describe('a local workspace', { timeout: 60_000 }, () => {
  const spec = newSpec();
  let world: LocalWorld;
  beforeEach(async () => {
    world = await openLocalWorld();
  });
  afterEach(() => world.close());

  it('gives each process a valid configuration with its own secret', async () => {
    await world.provisioner.ensure(spec);
    const { config, hostProcess, monitor, workspace } = world.paths(spec.workspaceId);
    const read = async (file: string) => agentConfig.parse(parseToml(await readFile(file, 'utf8')));
    const bounds = {
      workspace_id: spec.workspaceId,
      orphan_idle_ms: 600_000,
      orphan_ms: 3_600_000,
      ignore_rules: ['node_modules'],
    };
    expect(await read(config.host)).toMatchObject({
      ...bounds,
      enrolment: 'secret-of-the-host',
      root: '/workspace',
      home: '/home/dev',
    });
    expect(await read(config.monitor)).toMatchObject({
      ...bounds,
      enrolment: 'secret-of-the-monitor',
      root: workspace,
      state: monitor,
      host_process_file: hostProcess,
    });
    expect((await stat(config.monitor)).mode & 0o777).toBe(0o400);
    const host = JSON.parse(await readFile(hostProcess, 'utf8'));
    expect(host).toEqual(identifyProcess(host.pid));
    expect(world.provisioner.running()).toMatchObject([{ processes: { host: host.pid } }]);
  });

  it.runIf(isRoot)('runs as a user of its own, whom the folder remembers', async () => {
    const other = newSpec();
    await world.provisioner.ensure(spec);
    await world.provisioner.ensure(other);
    const owners = async () =>
      Promise.all([spec, other].map(async ({ workspaceId }) => (await stat(world.paths(workspaceId).workspace)).uid));
    const [mine, others] = await owners();
    expect(mine).toBeGreaterThanOrEqual(200_000);
    expect(mine).not.toBe(others);
    // Right after its start a process is still on its way from the server's user to its own.
    await vi.waitFor(async () => {
      const users = (await processesOf(world.dataFolder)).map((entry) => entry.uid);
      expect(new Set(users)).toEqual(new Set([mine, others]));
    }, patience);
    await world.restart();
    await world.provisioner.stop(spec.workspaceId);
    await world.provisioner.ensure(spec);
    expect(await owners()).toEqual([mine, others]);
  });

  it('asks the host to end before it kills', async () => {
    await world.provisioner.ensure(spec);
    const { home, monitor } = world.paths(spec.workspaceId);
    await vi.waitFor(() => access(join(monitor, 'index')), patience);
    await vi.waitFor(
      async () =>
        expect(
          (await processesOf(world.dataFolder)).filter(({ arguments: words }) => words[0] === 'sleep'),
        ).toHaveLength(2),
      patience,
    );
    await world.provisioner.stop(spec.workspaceId);
    await access(join(home, 'asked-to-end'));
    expect(await processesOf(world.dataFolder)).toEqual([]);
  });

  it("ends an agent that no record knows and that is the server's user's still, but no editor", async () => {
    await world.provisioner.ensure(spec);
    const { monitor } = world.paths(spec.workspaceId).config;
    const wait = ['-c', 'while read -r line; do :; done', 'name'];
    const stray = spawn('bash', [...wait, '/agent.mjs', monitor]);
    const editor = spawn('bash', [...wait, monitor]);
    onTestFinished(() => void editor.kill('SIGKILL'));
    onTestFinished(() => void stray.kill('SIGKILL'));
    await Promise.all([once(stray, 'spawn'), once(editor, 'spawn')]);
    const ended = once(stray, 'exit');
    await world.provisioner.stop(spec.workspaceId);
    await ended;
    expect(editor.exitCode ?? editor.signalCode).toBeNull();
    editor.kill('SIGKILL');
    await once(editor, 'exit');
  });

  it('leaves nothing when it is stopped as soon as it was started', async () => {
    for (let round = 0; round < 10; round += 1) {
      await world.provisioner.ensure(spec);
      await world.provisioner.stop(spec.workspaceId);
      expect(await processesOf(world.dataFolder)).toEqual([]);
    }
  });

  it('writes a new home once', async () => {
    await world.provisioner.ensure(spec);
    const { home } = world.paths(spec.workspaceId);
    expect((await readdir(home)).sort()).toEqual(expect.arrayContaining(['.bashrc', '.config', '.npmrc', '.profile']));
    await writeFile(join(home, '.bashrc'), 'mine');
    await world.provisioner.stop(spec.workspaceId);
    await world.provisioner.ensure(spec);
    expect(await readFile(join(home, '.bashrc'), 'utf8')).toBe('mine');
  });

  it('gives up on a process that dies again and again, and tries anew when asked', async () => {
    await world.provisioner.ensure(spec);
    await world.writeFile(spec.workspaceId, 'monitor-dies', '');
    await world.kill(spec.workspaceId, 'monitor');
    await vi.waitFor(
      async () => expect((await stateOf(world.provisioner, spec.workspaceId))?.state).toBe('failed'),
      patience,
    );
    const { error } = (await stateOf(world.provisioner, spec.workspaceId)) ?? {};
    expect(error).toContain('monitor process died again and again. Its last words: “no more  [31mof this”');
    expect(await processesOf(world.dataFolder)).toEqual([]);
    await rm(join(world.paths(spec.workspaceId).workspace, 'monitor-dies'));
    await world.provisioner.ensure(spec);
    expect(await stateOf(world.provisioner, spec.workspaceId)).toMatchObject({ state: 'running', error: null });
  });

  it('bounds a log that grows', async () => {
    await world.provisioner.ensure(spec);
    const { log } = world.paths(spec.workspaceId);
    await truncate(log.host, limits.processLogBytesMax + 1);
    await vi.waitFor(async () => expect((await stat(log.host)).size).toBe(0), patience);
    expect((await stat(`${log.host}.1`)).size).toBe(limits.processLogBytesMax + 1);
  });

  it('destroys odd files and follows no link out', async () => {
    await world.provisioner.ensure(spec);
    const { folder, workspace } = world.paths(spec.workspaceId);
    const outside = await mkdtemp(join(tmpdir(), 'coditect-outside-'));
    await writeFile(join(outside, 'precious'), '');
    await symlink(outside, join(workspace, 'link'));
    await mkdir(join(workspace, 'shut', 'inner'), { recursive: true });
    await writeFile(Buffer.concat([Buffer.from(`${workspace}/`), Buffer.from([0xff, 0x0a])]), '');
    // Deeper than any path may be long.
    execFileSync(
      'bash',
      ['-c', 'name=$(printf "x%.0s" {1..200}); for i in {1..40}; do mkdir $name && cd $name || exit 1; done'],
      { cwd: workspace },
    );
    await chmod(join(workspace, 'shut'), 0);
    await world.provisioner.destroy(spec.workspaceId);
    expect(existsSync(folder)).toBe(false);
    expect((await readdir(join(world.dataFolder, 'workspaces'))).filter((name) => name !== '.lock')).toEqual([]);
    await access(join(outside, 'precious'));
    await rm(outside, { recursive: true });
  });
});

describe('the staged agent', { timeout: 60_000 }, () => {
  it('lets what runs go on after the checkout was built anew, and goes when nothing runs from it', async () => {
    const dataFolder = await newDataFolder();
    const agents = join(dataFolder, 'agent');
    const entry = join(dataFolder, 'bundle.mjs');
    const options = { agent: { ...localOptions(dataFolder).agent, entry }, dataFolder };
    await copyFile(localOptions(dataFolder).agent.entry, entry);
    const spec = newSpec();
    const world = await openLocalWorld(options);
    await world.provisioner.ensure(spec);
    const [old] = await readdir(agents);
    const running = world.provisioner.running();
    await writeFile(entry, `${await readFile(entry, 'utf8')}\n// changed\n`);
    await world.restart();
    expect(world.provisioner.running()).toEqual(running);
    expect(await readdir(agents)).toHaveLength(2);
    await world.kill(spec.workspaceId, 'host');
    await world.kill(spec.workspaceId, 'monitor');
    await vi.waitFor(
      () => expect(Object.keys(world.provisioner.running()[0]?.processes ?? {})).toHaveLength(2),
      patience,
    );
    await vi.waitFor(() => expect(world.provisioner.running()).not.toEqual(running), patience);
    await world.restart();
    expect(await readdir(agents)).toHaveLength(1);
    expect(await readdir(agents)).not.toContain(old);
    await world.close();
  });
});

describe('a machine without bubblewrap', () => {
  it('is told what is missing, and has workspaces all the same', async () => {
    const programs = await mkdtemp(join(tmpdir(), 'coditect-programs-'));
    for (const name of ['setpriv', 'prlimit', 'env', 'chown', 'chmod', 'rm']) {
      await symlink(execFileSync('which', [name], { encoding: 'utf8' }).trim(), join(programs, name));
    }
    await chmod(programs, 0o755);
    vi.stubEnv('PATH', programs);
    onTestFinished(() => rm(programs, { recursive: true }));
    onTestFinished(() => void vi.unstubAllEnvs());
    const world = await openLocalWorld();
    onTestFinished(() => world.close());
    expect(world.provisioner.isolation).toBe('none');
    expect(world.provisioner.isolationReason).toContain('bwrap is not installed');
    await world.provisioner.ensure(newSpec());
  });
});

describe.runIf(isRoot)('a data folder that others cannot enter', () => {
  it('is named, with what to do', async () => {
    const shut = await newDataFolder();
    await chmod(shut, 0o700);
    const world = await openLocalWorld({ dataFolder: join(shut, 'data') });
    expect(world.provisioner.isolation).toBe('none');
    expect(world.provisioner.isolationReason).toContain(`the folder ${shut} (mode 700) lets nobody but its owner in`);
    expect(world.provisioner.isolationReason).toContain(`chmod o+x ${shut}`);
    await world.provisioner.ensure(newSpec());
    await world.close();
    await rm(shut, { recursive: true });
  });
});
