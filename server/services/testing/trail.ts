import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { newId, seededRandom, systemRandom } from '../../../lib/base/random.ts';
import type { OpId, SpoolId, UserId } from '../../../lib/contracts/ids.ts';
import { wirePath } from '../../../lib/contracts/path.ts';
import { type ObservedEntry, type TrailEntry, type TrailQuery, trailQuery } from '../../../lib/contracts/trail.ts';
import { chaosStore } from '../../store/chaos.ts';
import { keyspace, type StoredOp } from '../../store/keyspace.ts';
import { openLmdbStore } from '../../store/lmdb.ts';
import { openMemoryStore } from '../../store/memory.ts';
import type { Store } from '../../store/store.ts';
import { markDone, openOp } from '../trail/ops.ts';
import { readPage } from '../trail/read.ts';
import { Trail } from '../trail/trail.ts';
import { openWorld, strangers } from './world.ts';

export const seed = Number(process.env.TRAIL_SEED ?? Buffer.from(systemRandom.bytes(4)).readUInt32BE());

/** Every store the trail must be right on: each driver, as it is and with all the liberties a store may take. */
export const stores: Record<string, () => Promise<{ store: Store; end(): Promise<void> }>> = {
  memory: async () => ended(openMemoryStore()),
  'chaos over memory': async () => ended(chaosStore(openMemoryStore(), { random: seededRandom(seed) })),
  lmdb: () => onDisk((store) => store),
  'chaos over lmdb': () => onDisk((store) => chaosStore(store, { random: seededRandom(seed) })),
};

const ended = (store: Store) => ({ store, end: () => store.close() });

async function onDisk(over: (store: Store) => Store) {
  const folder = mkdtempSync(join(tmpdir(), 'coditect-trail-'));
  const store = over(await openLmdbStore({ folder }));
  return {
    store,
    async end() {
      await store.close();
      rmSync(folder, { recursive: true });
    },
  };
}

export const path = (text: string) => wirePath.parse(text);
export const sha = (digit: string) => digit.repeat(64);

export const observed = (fields: Partial<ObservedEntry> = {}): ObservedEntry => ({
  kind: 'created',
  type: 'file',
  path: path('a.txt'),
  previousPath: null,
  mode: 0o644,
  linkTarget: null,
  size: 1,
  sha256: sha('a'),
  unhashed: null,
  coalesced: 0,
  reason: null,
  rules: null,
  observedAt: 1_000,
  ...fields,
});
export const blank = (kind: 'gap_opened' | 'gap_closed', fields: Partial<ObservedEntry> = {}): ObservedEntry =>
  observed({ kind, type: null, path: path(''), mode: null, size: null, sha256: null, ...fields });

let opened = 0;

/** One workspace's trail with a monitor that is connected to it. */
export async function openTrail(store: Store = openMemoryStore()) {
  opened += 1;
  const world = await openWorld({ store, random: seededRandom(seed + opened) });
  const { random } = world.context;
  const { place } = strangers(random);
  await store.transact(async (tx) => keyspace.connection.set(tx, 1, place.tenantId, place.workspaceId, 'monitor'));
  const trail = new Trail(world.context);
  const spool = newId<SpoolId>(random);
  let sent = 0;
  const append = (entries: readonly ObservedEntry[], of: { firstSeq?: number; drainedAt?: number | null } = {}) => {
    const firstSeq = of.firstSeq ?? sent + 1;
    sent = Math.max(sent, firstSeq + entries.length - 1);
    return trail.append({ ...place, connection: 1 }, { spool, firstSeq, entries, drainedAt: of.drainedAt ?? null });
  };
  const read = (query: Partial<TrailQuery> = {}) =>
    store.transact((tx) => readPage(tx, place, { ...trailQuery.parse({ order: 'oldest' }), ...query }));
  const all = async (): Promise<TrailEntry[]> => {
    const entries: TrailEntry[] = [];
    for (let after: number | null = 0; after !== null; ) {
      const page = await read({ after, limit: 1_000 });
      entries.push(...page.entries);
      after = page.next;
    }
    return entries;
  };
  return {
    ...{ world, store, place, trail, spool, append, read, all },
    head: () => store.transact((tx) => keyspace.trailHead.get(tx, place.tenantId, place.workspaceId)),
    op: (opId: OpId) => store.transact((tx) => keyspace.op.get(tx, place.tenantId, place.workspaceId, opId)),
    async ask(fields: Partial<StoredOp> = {}): Promise<StoredOp> {
      const op: StoredOp = {
        opId: newId<OpId>(random),
        effect: 'write',
        path: path('a.txt'),
        previousPath: null,
        sha256: sha('a'),
        origin: 'editor',
        userId: 'ada' as UserId,
        sessionId: null,
        askedAt: world.clock.now(),
        state: 'asked',
        writtenAt: null,
        unchanged: false,
        seq: null,
        ...fields,
      };
      await store.transact((tx) => openOp(tx, place, op));
      return op;
    },
    done: (op: StoredOp, writtenAt: number) => store.transact((tx) => markDone(tx, place, { ...op, writtenAt })),
    async close() {
      world.revocations[Symbol.dispose]();
    },
  };
}
export type OpenTrail = Awaited<ReturnType<typeof openTrail>>;
