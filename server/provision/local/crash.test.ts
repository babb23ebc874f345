import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chown, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { delay, systemClock } from '../../../lib/base/clock.ts';
import { seededRandom } from '../../../lib/base/random.ts';
import { newSpec } from '../contract-suite.ts';
import { openLocalProvisioner } from './provisioner.ts';
import {
  type LocalWorld,
  localOptions,
  newDataFolder,
  openLocalWorld,
  processesOf,
  sweep,
} from './testing/local-world.ts';

const serverFile = fileURLToPath(new URL('./testing/server.ts', import.meta.url));
const children: ChildProcess[] = [];
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
});

/** A data folder on which nothing may be left running when the test ends. */
async function sweptDataFolder(): Promise<string> {
  const dataFolder = await newDataFolder();
  onTestFinished(() => sweep(dataFolder));
  return dataFolder;
}

/** A world in this process, closed when the test ends, before the folder is swept. */
async function openClosedWorld(dataFolder: string): Promise<LocalWorld> {
  const world = await openLocalWorld({ dataFolder });
  onTestFinished(() => world.close());
  return world;
}

/** Starts the little server, as another user when told to. */
async function startServer(dataFolder: string, uid: number | null = null) {
  const command = [localOptions(dataFolder).agent.node, serverFile, dataFolder];
  const as = uid === null ? [] : ['setpriv', '--reuid', String(uid), '--regid', String(uid), '--clear-groups', '--'];
  const [program = '', ...rest] = [...as, ...command];
  const child = spawn(program, rest, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  children.push(child);
  const answer = async (): Promise<unknown> => {
    const [{ result, error }] = await once(child, 'message');
    if (error) throw new Error(error);
    return result;
  };
  const opened = await answer();
  const ask = (act: string, argument?: unknown) => {
    child.send({ act, argument });
    return answer();
  };
  return { child, opened, ask };
}

describe('a server that is killed', { timeout: 120_000 }, () => {
  it('leaves nothing that the next one does not know or end, whenever it dies', async () => {
    const seed = Date.now() % 1_000_000;
    const random = seededRandom(seed);
    const dataFolder = await sweptDataFolder();
    const spec = newSpec();
    for (let round = 0; round < 12; round += 1) {
      const { child, ask } = await startServer(dataFolder);
      const call = ask(round % 3 === 2 ? 'stop' : 'ensure', round % 3 === 2 ? spec.workspaceId : spec).catch(
        () => null,
      );
      // The moment is what is tested, so here time must pass.
      await Promise.race([call, delay(systemClock, (random.bytes(1)[0] ?? 0) / 4)]);
      child.kill('SIGKILL');
      await once(child, 'exit');
    }
    const world = await openClosedWorld(dataFolder);
    await world.provisioner.ensure(spec);
    // What the last server had told to end may have been adopted still, and is started anew when it has.
    await vi.waitFor(async () => {
      const processes = await processesOf(dataFolder);
      const hosts = processes.filter(({ arguments: words }) => words.includes('host') && !words.includes('bwrap'));
      const monitors = processes.filter(({ arguments: words }) => words.includes('monitor'));
      expect([hosts.length, monitors.length], `seed ${seed}`).toEqual([1, 1]);
    }, 20_000);
  });

  it('is followed by one that adopts its processes', async () => {
    const dataFolder = await sweptDataFolder();
    const spec = newSpec();
    const { child, ask } = await startServer(dataFolder);
    await ask('ensure', spec);
    const before = await ask('running');
    child.kill('SIGKILL');
    await once(child, 'exit');
    const world = await openClosedWorld(dataFolder);
    expect(world.provisioner.running()).toEqual(before);
  });
});

describe('two servers on one data folder', () => {
  it('lets only the first in, and says who holds it', async () => {
    const world = await openClosedWorld(await sweptDataFolder());
    const second = openLocalProvisioner(localOptions(world.dataFolder));
    await expect(second).rejects.toMatchObject({ code: 'conflict', details: { facts: { pid: String(process.pid) } } });
  });

  it('takes over from one that is dead', async () => {
    const dataFolder = await sweptDataFolder();
    const { child } = await startServer(dataFolder);
    child.kill('SIGKILL');
    await once(child, 'exit');
    await openClosedWorld(dataFolder);
  });
});

describe.runIf(process.getuid?.() === 0)('a server that is not root', { timeout: 60_000 }, () => {
  it('sandboxes, restarts nothing it should not, and ends all', async () => {
    const [dataFolder, uid] = [await sweptDataFolder(), 150_000];
    await chown(dataFolder, uid, uid);
    const spec = newSpec();
    const { child, opened, ask } = await startServer(dataFolder, uid);
    expect(opened).toBe('bubblewrap');
    await ask('ensure', spec);
    const before = await ask('running');
    await ask('ensure', spec);
    expect(await ask('running')).toEqual(before);
    const users = new Set((await processesOf(dataFolder)).map((entry) => entry.uid));
    users.delete(0);
    expect([...users]).toEqual([uid]);
    await writeFile(join(dataFolder, 'workspaces', spec.workspaceId, 'workspace', 'note'), '');
    await ask('destroy', spec.workspaceId);
    expect(await ask('running')).toEqual([]);
    await ask('close');
    child.kill('SIGKILL');
    await once(child, 'exit');
    expect(await processesOf(dataFolder)).toEqual([]);
  });
});
