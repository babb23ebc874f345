import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test, vi } from 'vitest';
import { delay, systemClock } from '../lib/base/clock.ts';
import { seededRandom } from '../lib/base/random.ts';
import type { TerminalModel } from '../lib/client/terminal-model.ts';
import { defaultIgnoreRules } from '../lib/contracts/agent-config.ts';
import { replay } from '../lib/contracts/replay.ts';
import type { TrailEntry } from '../lib/contracts/trail.ts';
import { treeOnDisk } from '../workspace-agent/monitor/testing/tree-on-disk.ts';
import { Client } from './testing/client.ts';
import { Counter } from './testing/counter.ts';
import { Killer } from './testing/killer.ts';
import { RealServer } from './testing/real-server.ts';
import { type Acknowledged, Writer } from './testing/writer.ts';

const seed = Number(process.env.SEED ?? Date.now() % 1_000_000);
const killsTotal = Number(process.env.KILLS ?? 200);

let server: RealServer | undefined;
let client: Client | undefined;
afterEach(async () => {
  client?.close();
  await server?.close();
});

test(`after ${killsTotal} kills nothing acknowledged is lost and the trail tells the disk (SEED=${seed})`, {
  timeout: 600_000,
}, async () => {
  server = await RealServer.open();
  client = await Client.register(server.url);
  await vi.waitFor(async () => expect(await client?.status()).toBe('running'), 20_000);
  await client.makeFolders('own', 'shared', 'api');
  await client.put('changes.sh', readFileSync(join(import.meta.dirname, 'testing/changes.sh')));
  const writer = new Writer(client);
  const terminals = new Terminals(client);
  const killer = new Killer(server, seededRandom(seed));
  writer.start();
  terminals.start();

  await killer.run(killsTotal);
  await writer.stop();
  await terminals.stop();

  const found = { seed, kills: killer.kills, writes: writer.acknowledged.length, refusals: writer.refusals };
  process.stdout.write(`${JSON.stringify(found)}\n`);
  expect(terminals.faults).toEqual([]);
  expect(writer.acknowledged.length).toBeGreaterThan(killsTotal);
  await expectTrailTellsAll({ server, client, writer });
  expect(await server.admin('trail', 'verify')).toMatch(/: sound, \d+ entries/);
});

test('a terminal goes on through the death of servers, and not a byte of it is lost', {
  timeout: 120_000,
}, async () => {
  server = await RealServer.open();
  client = await Client.register(server.url);
  await vi.waitFor(async () => expect(await client?.status()).toBe('running'), 20_000);
  const before = await server.agent('host');
  const counter = new Counter();
  const terminal = await counter.open(client);
  for (let life = 0; life < 4; life += 1) {
    await vi.waitFor(() => expect(counter.next).toBeGreaterThan(20 + 100 * life), 20_000);
    const known = counter.next;
    await server.end('SIGKILL');
    await server.start();
    await vi.waitFor(() => expect(counter.next).toBeGreaterThan(known + 20), 20_000);
  }
  expect(counter.faults).toEqual([]);
  expect(await server.agent('host')).toEqual(before);
  terminal[Symbol.dispose]();
});

/** Two terminals, opened anew whenever their host has died: one changes files, one counts. */
class Terminals {
  readonly faults: string[] = [];
  #client: Client;
  #counter = new Counter();
  #stopped = false;
  #loops: Promise<void>[] = [];
  #opened = 0;

  constructor(client: Client) {
    this.#client = client;
  }

  start(): void {
    this.#loops = [this.#keep(() => this.#openChanges()), this.#keep(() => this.#openCounter())];
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await Promise.all(this.#loops);
    this.#judge();
  }

  async #keep(open: () => Promise<TerminalModel>): Promise<void> {
    while (!this.#stopped) {
      const terminal = await open().catch(() => null);
      while (terminal && !this.#stopped && terminal.record.get().state.kind === 'running') await delay(systemClock, 50);
      if (this.#stopped && terminal) {
        const { terminalId } = terminal;
        await this.#client.connection.persist('terminal.close', { terminalId }).catch(() => undefined);
      }
      terminal?.[Symbol.dispose]();
      await delay(systemClock, 50);
    }
  }

  async #openChanges(): Promise<TerminalModel> {
    const terminal = await this.#client.openTerminal();
    this.#opened += 1;
    terminal.type(new TextEncoder().encode(`exec bash changes.sh ${seed + this.#opened}\r`));
    return terminal;
  }

  #openCounter(): Promise<TerminalModel> {
    this.#judge();
    this.#counter = new Counter();
    return this.#counter.open(this.#client);
  }

  #judge(): void {
    this.faults.push(...this.#counter.faults);
  }
}

interface Whole {
  server: RealServer;
  client: Client;
  writer: Writer;
}

/** Waits for rest: the last changes take their time, and what a scan finds is not there at once. */
async function expectTrailTellsAll({ server, client, writer }: Whole): Promise<void> {
  const root = server.paths(client.workspaceId).workspace;
  await vi.waitFor(
    async () => {
      const entries = await client.trail();
      const { completeTo } = await client.trailPage('limit=1');
      expect(completeTo).toBe(entries.at(-1)?.seq);
      expectNumbered(entries);
      expect(notOnce(entries, writer.acknowledged)).toEqual([]);
      expect(sorted(replay(entries))).toEqual(sorted(treeOnDisk(root, defaultIgnoreRules)));
      const disk = new Map<string, { sha256: string | null }>(treeOnDisk(root, defaultIgnoreRules));
      for (const [path, sha256] of writer.own) expect(disk.get(path)?.sha256, path).toBe(sha256);
    },
    { timeout: 60_000, interval: 1_000 },
  );
}

function expectNumbered(entries: TrailEntry[]): void {
  expect(entries.map(({ seq }) => seq)).toEqual(entries.map((_, index) => index + 1));
  const places = entries.flatMap(({ spool }) => (spool ? [`${spool.id} ${spool.seq}`] : []));
  expect(new Set(places).size).toBe(places.length);
}

/** The acknowledged writes that do not stand in the trail exactly once. */
function notOnce(entries: TrailEntry[], acknowledged: Acknowledged[]): unknown[] {
  const standing = new Map<string, number>();
  for (const { origin, sha256, path } of entries) {
    if (origin.kind !== 'editor' && origin.kind !== 'api') continue;
    for (const name of [origin.opId, `${path} ${sha256}`]) standing.set(name, (standing.get(name) ?? 0) + 1);
  }
  const times = ({ opId, path, sha256 }: Acknowledged) => standing.get(opId ?? `${path} ${sha256}`) ?? 0;
  return acknowledged.map((write) => ({ ...write, times: times(write) })).filter((write) => write.times !== 1);
}

const sorted = <Value>(tree: Map<string, Value>) => Object.fromEntries([...tree].sort(([a], [b]) => (a < b ? -1 : 1)));
