import { limits } from '../../../lib/contracts/limits.ts';
import type { TrailEntry, TrailPage, TrailQuery } from '../../../lib/contracts/trail.ts';
import { keyspace, pathKey } from '../../store/keyspace.ts';
import type { KeyRange, Transaction } from '../../store/store.ts';
import { completeTo, readHead } from './append.ts';
import type { OpPlace } from './ops.ts';

/**
 * One page. Its cost depends on its length alone: times become bounds on the sequence (both grow together), and a
 * path is read through its index.
 */
export async function readPage(transaction: Transaction, place: OpPlace, query: TrailQuery): Promise<TrailPage> {
  const head = await readHead(transaction, place);
  const low = Math.max(
    (query.after ?? 0) + 1,
    query.from === undefined ? 1 : await firstSince(transaction, place, query.from),
  );
  const high = Math.min(
    query.before ?? head.seq + 1,
    query.to === undefined ? head.seq + 1 : await firstSince(transaction, place, query.to),
  );
  const limit = Math.min(query.limit, limits.trailPageEntriesMax);
  const options = { limit: limit + 1, reverse: query.order === 'newest' };
  const found = low < high ? await readRange(transaction, place, { path: query.path, low, high, options }) : [];
  const entries = found.slice(0, limit);
  const last = entries[entries.length - 1];
  return { entries, completeTo: completeTo(head), next: found.length > limit && last ? last.seq : null };
}

interface Selection {
  path: TrailQuery['path'];
  /** Inclusive. */
  low: number;
  /** Exclusive. */
  high: number;
  options: { limit: number; reverse: boolean };
}

async function readRange(transaction: Transaction, place: OpPlace, of: Selection): Promise<TrailEntry[]> {
  const { tenantId, workspaceId } = place;
  if (of.path === undefined) {
    const range: KeyRange = {
      begin: keyspace.trail.key(tenantId, workspaceId, of.low),
      end: keyspace.trail.key(tenantId, workspaceId, of.high),
    };
    return keyspace.trail.list(transaction, range, of.options);
  }
  const key = pathKey(of.path);
  const range: KeyRange = {
    begin: keyspace.fileChange.key(tenantId, workspaceId, key, of.low),
    end: keyspace.fileChange.key(tenantId, workspaceId, key, of.high),
  };
  const seqs = await keyspace.fileChange.list(transaction, range, of.options);
  const entries = await Promise.all(seqs.map((seq) => keyspace.trail.get(transaction, tenantId, workspaceId, seq)));
  return entries.filter((entry) => entry !== undefined);
}

/** The first sequence recorded at or after `time`; one past the newest when there is none. */
async function firstSince(transaction: Transaction, place: OpPlace, time: number): Promise<number> {
  const { tenantId, workspaceId } = place;
  const whole = keyspace.trailTime.range(tenantId, workspaceId);
  const range: KeyRange = { begin: keyspace.trailTime.key(tenantId, workspaceId, time, 0), end: whole.end };
  const [seq] = await keyspace.trailTime.list(transaction, range, { limit: 1 });
  return seq ?? (await readHead(transaction, place)).seq + 1;
}
