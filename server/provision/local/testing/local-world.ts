import { chmod, mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../../../../lib/base/clock.ts';
import { silentLogger } from '../../../../lib/base/logger.ts';
import { systemRandom } from '../../../../lib/base/random.ts';
import type { WorkspaceId } from '../../../../lib/contracts/ids.ts';
import type { WorkspaceRole } from '../../../../lib/contracts/protocol/workspace.ts';
import type { ProvisionerWorld } from '../../contract-suite.ts';
import { type WorkspacePaths, workspacePaths } from '../layout.ts';
import { familyOf, identifyProcess, type ProcessEntry, readProcessTable, signalProcess } from '../processes.ts';
import { type LocalProvisioner, type LocalProvisionerOptions, openLocalProvisioner } from '../provisioner.ts';
import { removeTree } from '../volume.ts';

const checkout = join(import.meta.dirname, '../../../..');

/** A data folder in the system's temporary one, with a provisioner on it that runs the fake agent. */
export interface LocalWorld extends ProvisionerWorld {
  provisioner: LocalProvisioner;
  dataFolder: string;
  paths(id: WorkspaceId): WorkspacePaths;
}

/** How a provisioner is opened on a data folder in tests. */
export function localOptions(dataFolder: string): LocalProvisionerOptions {
  return {
    dataFolder,
    agent: {
      node: join(checkout, 'node_modules/node/bin/node'),
      entry: join(import.meta.dirname, 'fake-agent.mjs'),
      modules: join(checkout, 'node_modules'),
    },
    orphan: { idleMs: 600_000, ms: 3_600_000 },
    clock: systemClock,
    random: systemRandom,
    logger: silentLogger,
  };
}

/** A new data folder that others may pass through. */
export async function newDataFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'coditect-provision-'));
  await chmod(folder, 0o755);
  return folder;
}

/** The processes that were started for this data folder, with all below them. */
export async function processesOf(dataFolder: string): Promise<ProcessEntry[]> {
  const table = await readProcessTable();
  return familyOf(
    table,
    (entry) => entry.pid !== process.pid && entry.arguments.some((word) => word.startsWith(`${dataFolder}/`)),
  );
}

/** Removes a data folder. @throws when a process was left over, which it ends. */
export async function sweep(dataFolder: string): Promise<void> {
  const left = await processesOf(dataFolder);
  for (const entry of left) signalProcess(entry, 'SIGKILL');
  await removeTree(dataFolder);
  if (left.length > 0) throw new Error(`Left over: ${left.map((entry) => entry.arguments.join(' ')).join('; ')}`);
}

export async function openLocalWorld(options: Partial<LocalProvisionerOptions> = {}): Promise<LocalWorld> {
  const dataFolder = options.dataFolder ?? (await newDataFolder());
  const open = () => openLocalProvisioner({ ...localOptions(dataFolder), ...options });
  const paths = (id: WorkspaceId) => workspacePaths(dataFolder, id);
  const pidOf = (id: WorkspaceId, role: WorkspaceRole) =>
    world.provisioner.running().find(({ workspaceId }) => workspaceId === id)?.processes[role] ?? null;
  const world: LocalWorld = {
    provisioner: await open(),
    dataFolder,
    paths,
    async restart() {
      await world.provisioner.close();
      world.provisioner = await open();
    },
    async life(id, role) {
      const pid = pidOf(id, role);
      const identity = pid === null ? null : identifyProcess(pid);
      return identity && `${identity.pid}/${identity.startTime}`;
    },
    async kill(id, role) {
      const pid = pidOf(id, role);
      if (pid !== null) process.kill(pid, 'SIGKILL');
    },
    readFile: (id, name) => readFile(join(paths(id).workspace, name), 'utf8').catch(() => null),
    writeFile: (id, name, text) => writeFile(join(paths(id).workspace, name), text),
    async close() {
      await world.provisioner.stopAll();
      await world.provisioner.close();
      await sweep(dataFolder);
    },
  };
  return world;
}
