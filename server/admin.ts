import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { systemClock } from '../lib/base/clock.ts';
import { silentLogger } from '../lib/base/logger.ts';
import { systemRandom } from '../lib/base/random.ts';
import { CoditectError, isCoditectError } from '../lib/contracts/errors.ts';
import { readConfig } from './config.ts';
import { openDataFolder } from './data-folder.ts';
import { localAgent } from './local-agent.ts';
import { openLocalProvisioner } from './provision/local/provisioner.ts';
import { verifyTrail } from './services/trail/verify.ts';
import { operatorKeyspace } from './store/keyspace.ts';
import { openLmdbReader } from './store/lmdb.ts';

const usage = `Usage: npm run admin -- COMMAND

  stop                      ends the server and every workspace; files are kept
  trail verify [WORKSPACE]  checks the chain of one trail, or of all; the server may be running
`;
const stopWaitMs = 20_000;
const root = resolve(import.meta.dirname, '..');

async function main([command, ...rest]: string[]): Promise<void> {
  const data = openDataFolder(resolve(root, readConfig(process.env).DATA_DIR));
  if (command === 'stop') return stop(data);
  if (command === 'trail' && rest[0] === 'verify') return verify(data, rest[1]);
  throw new CoditectError('invalid_request', `There is no such command.\n\n${usage}`);
}

type DataFolder = ReturnType<typeof openDataFolder>;

async function stop(data: DataFolder): Promise<void> {
  if (await endServer(data.pidFile)) console.log('The server has stopped.');
  const provisioner = await openLocalProvisioner({
    dataFolder: data.folder,
    agent: localAgent(root),
    environment: process.env,
    orphan: { idleMs: 1, ms: 1 },
    clock: systemClock,
    random: systemRandom,
    logger: silentLogger,
  });
  const count = provisioner.running().length;
  await provisioner.stopAll();
  await provisioner.close();
  console.log(
    count === 0
      ? 'No workspace was running.'
      : `${count} workspace${count === 1 ? ' has' : 's have'} stopped. Files are kept.`,
  );
}

/** Asks the server to end and waits for it. @returns whether one was running. */
async function endServer(pidFile: string): Promise<boolean> {
  if (!existsSync(pidFile)) return false;
  const pid = Number(readFileSync(pidFile, 'utf8'));
  if (!isServer(pid)) return false;
  process.kill(pid, 'SIGTERM');
  const until = systemClock.monotonic() + stopWaitMs;
  while (isServer(pid)) {
    if (systemClock.monotonic() > until)
      throw new CoditectError('conflict', `The server (process ${pid}) does not end.`);
    await sleep(50);
  }
  return true;
}

/** A number alone may belong to another program by now. */
function isServer(pid: number): boolean {
  try {
    return /server\/main\.ts|dist\/server\.mjs/.test(readFileSync(`/proc/${pid}/cmdline`, 'utf8'));
  } catch {
    return false;
  }
}

async function verify(data: DataFolder, only: string | undefined): Promise<void> {
  const store = openLmdbReader({ folder: data.storeFolder });
  try {
    const all = await store.transact((transaction) =>
      operatorKeyspace.workspaces.list(transaction, operatorKeyspace.workspaces.range()),
    );
    const wanted = only === undefined ? all : all.filter(({ workspaceId }) => workspaceId === only);
    if (only !== undefined && wanted.length === 0)
      throw new CoditectError('not_found', `There is no workspace ${only}.`);
    for (const place of wanted) {
      const verdict = await verifyTrail(store, place);
      if (verdict.sound) console.log(`${place.workspaceId}: sound, ${verdict.entries} entries, chain ${verdict.chain}`);
      else {
        console.log(`${place.workspaceId}: NOT SOUND: entry ${verdict.seq} is ${verdict.fault}. ${verdict.detail}`);
        process.exitCode = 1;
      }
    }
  } finally {
    await store.close();
  }
}

main(process.argv.slice(2)).catch((error: unknown) => {
  console.error(isCoditectError(error) ? error.message : error);
  process.exit(1);
});
