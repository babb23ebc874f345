import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Clock } from '../../lib/base/clock.ts';
import { systemRandom } from '../../lib/base/random.ts';
import { storeContract } from './contract-suite.ts';
import { openLmdbReader, openLmdbStore } from './lmdb.ts';
import { pack, rangeOf, unpack } from './tuple.ts';

const temporaryFolder = () => mkdtemp(join(tmpdir(), 'coditect-store-'));

storeContract('lmdb', async (clock: Clock) => {
  const folder = await temporaryFolder();
  let store = await openLmdbStore({ folder, clock });
  return {
    store,
    async reopen() {
      store = await openLmdbStore({ folder, clock });
      return store;
    },
    async dispose() {
      await store.close();
      await rm(folder, { recursive: true });
    },
  };
});

describe('lmdb', () => {
  let folder: string;
  const children: ChildProcess[] = [];
  beforeEach(async () => {
    folder = await temporaryFolder();
  });
  afterEach(async () => {
    for (const child of children.splice(0)) child.kill('SIGKILL');
    await rm(folder, { recursive: true });
  });

  it('S14 keeps what was committed over a reopening', async () => {
    const first = await openLmdbStore({ folder });
    await first.transact(async (transaction) => transaction.set(pack(['a']), new Uint8Array([1, 2])));
    await first.close();
    const second = await openLmdbStore({ folder });
    expect(await second.transact((transaction) => transaction.get(pack(['a'])))).toEqual(new Uint8Array([1, 2]));
    await second.close();
  });

  it('S3 clears a range that is larger than one step', async () => {
    const store = await openLmdbStore({ folder });
    await store.transact(async (transaction) => {
      for (let id = 0; id < 3_000; id += 1) transaction.set(pack(['many', id]), new Uint8Array());
    });
    await store.transact(async (transaction) => transaction.clearRange(rangeOf(['many'])));
    expect(await store.transact((transaction) => transaction.getRange(rangeOf(['many'])))).toEqual([]);
    await store.close();
  });

  it('S15 transactions that commit at the same time share a sync', async () => {
    const groups: number[] = [];
    const store = await openLmdbStore({ folder, onGroup: ({ transactions }) => groups.push(transactions) });
    const rounds = 5;
    await Promise.all(
      Array.from({ length: 64 }, async (_, writer) => {
        for (let round = 0; round < rounds; round += 1) {
          await store.transact(async (transaction) => transaction.set(pack([writer, round]), new Uint8Array(8)));
        }
      }),
    );
    expect(groups.reduce((sum, transactions) => sum + transactions, 0)).toBe(64 * rounds);
    expect(groups.length).toBeLessThanOrEqual(rounds + 1);
    await store.close();
  });

  it('S17 a folder has one store at a time', async () => {
    const store = await openLmdbStore({ folder });
    const refused = { code: 'conflict', message: expect.stringContaining(folder) };
    await expect(openLmdbStore({ folder })).rejects.toMatchObject(refused);
    const child = startWriter({ folder, mode: 'endless' });
    const lines = readLines(child);
    await once(child, 'close');
    expect(lines).toEqual(['refused conflict']);
    await store.close();
    await (await openLmdbStore({ folder })).close();
  });

  it('S14 nothing acknowledged is lost and nothing is halved by kill -9', { timeout: 60_000 }, async () => {
    const acknowledged = new Set<string>();
    for (let round = 0; round < 5; round += 1) {
      const child = startWriter({ folder, mode: 'endless', round });
      const lines = readLines(child);
      const enough = 50 + (Buffer.from(systemRandom.bytes(2)).readUInt16BE() % 500);
      await expect.poll(() => lines.length, { timeout: 20_000, interval: 1 }).toBeGreaterThan(enough);
      child.kill('SIGKILL');
      await once(child, 'close');
      for (const line of lines) acknowledged.add(line);

      const store = await openLmdbStore({ folder });
      const stored = await store.transact(async (transaction) => {
        const idsOf = async (family: string) =>
          new Set((await transaction.getRange(rangeOf([family]))).map(({ key }) => unpack(key).slice(1).join(' ')));
        return { entries: await idsOf('entry'), indexes: await idsOf('index') };
      });
      await store.close();
      expect([...acknowledged].filter((id) => !stored.entries.has(id))).toEqual([]);
      expect(stored.indexes).toEqual(stored.entries);
    }
  });

  it('S2 a reader sees one whole state of what another process writes, and writes nothing', async () => {
    expect(() => openLmdbReader({ folder })).toThrow(expect.objectContaining({ code: 'not_found' }));
    const child = startWriter({ folder, mode: 'endless' });
    const lines = readLines(child);
    await expect.poll(() => lines.length, { timeout: 20_000, interval: 1 }).toBeGreaterThan(50);
    const reader = openLmdbReader({ folder });
    const countOf = (family: string) =>
      reader.transact(async (transaction) => (await transaction.getRange(rangeOf([family]))).length);
    const entries = await countOf('entry');
    expect(entries).toBeGreaterThan(50);
    expect(await countOf('index')).toBe(entries);
    const writing = reader.transact(async (transaction) => transaction.set(pack(['x']), new Uint8Array()));
    await expect(writing).rejects.toMatchObject({ code: 'internal' });
    await reader.close();
  });

  it('S16 a full disk fails the transaction wholly, and the store goes on', { timeout: 60_000 }, async () => {
    // The shell's limit on a file's size stands in for the end of the disk: the same failing write.
    const child = startWriter({ folder, mode: 'until_full', fileBytesMax: 8 * 1024 * 1024 });
    const lines = readLines(child);
    await once(child, 'close');
    expect(lines).toEqual([
      'storage_full',
      'whole transactions: true',
      'small transaction: stored',
      'reopened: stored',
    ]);
  });

  it('S2 many transactions under way hold each a state of its own', async () => {
    const store = await openLmdbStore({ folder });
    const goOn = Promise.withResolvers<void>();
    const held: Promise<unknown>[] = [];
    for (let id = 0; id < 300; id += 1) {
      const reading = Promise.withResolvers<void>();
      held.push(
        store.transact(async (transaction) => {
          await transaction.get(pack(['x']));
          reading.resolve();
          await goOn.promise;
          return transaction.get(pack(['x']));
        }),
      );
      await reading.promise;
      await store.transact(async (transaction) => transaction.set(pack(['x']), Uint8Array.of(id & 0xff)));
    }
    goOn.resolve();
    const seen = (await Promise.all(held)) as (Uint8Array | undefined)[];
    expect(seen.map((value) => value?.[0])).toEqual([undefined, ...Array.from({ length: 299 }, (_, id) => id & 0xff)]);
    await store.close();
  });

  interface WriterOptions {
    folder: string;
    mode: 'endless' | 'until_full';
    round?: number;
    fileBytesMax?: number;
  }

  function startWriter({ folder: where, mode, round = 0, fileBytesMax }: WriterOptions): ChildProcess {
    const script = fileURLToPath(new URL('./lmdb-writer.fixture.ts', import.meta.url));
    const limit = fileBytesMax === undefined ? '' : `ulimit -f ${fileBytesMax / 512}; `;
    const child = spawn('sh', ['-c', `${limit}exec "$0" "$@"`, process.execPath, script, where, mode, String(round)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    children.push(child);
    return child;
  }
});

/** The lines that `child` has said so far; whole lines only. */
function readLines(child: ChildProcess): string[] {
  const lines: string[] = [];
  if (child.stdout) createInterface({ input: child.stdout }).on('line', (line) => lines.push(line));
  return lines;
}
