import { CoditectError } from '../../../lib/contracts/errors.ts';
import type { TenantId, WorkspaceId } from '../../../lib/contracts/ids.ts';
import { limits } from '../../../lib/contracts/limits.ts';
import { isWithin } from '../../../lib/contracts/path.ts';
import type { ObservedEntry, Origin } from '../../../lib/contracts/trail.ts';
import { keyspace, pathKey, type StoredOp } from '../../store/keyspace.ts';
import type { Transaction } from '../../store/store.ts';

export interface OpPlace {
  tenantId: TenantId;
  workspaceId: WorkspaceId;
}

/**
 * Writes an op as open. One that is known already, from a retry, keeps its state, but for one that expired: it is asked
 * for again.
 * @throws CoditectError `rate_limited` when `limits.opsOpenMax` wait for the trail.
 */
export async function openOp(transaction: Transaction, place: OpPlace, op: StoredOp): Promise<StoredOp> {
  const known = await keyspace.op.get(transaction, place.tenantId, place.workspaceId, op.opId);
  if (known && !isExpired(known)) return known;
  if ((await openKeys(transaction, place)).length >= limits.opsOpenMax)
    throw new CoditectError('rate_limited', 'Too many changes wait to be recorded. Try again in a moment.', {
      retryAfterMs: 2_000,
    });
  setOpen(transaction, place, op);
  return op;
}

const isExpired = (op: StoredOp) => op.state === 'closed' && op.seq === null;

function setOpen(transaction: Transaction, place: OpPlace, op: StoredOp): void {
  keyspace.op.set(transaction, op, place.tenantId, place.workspaceId, op.opId);
  keyspace.opOpen.set(transaction, true, place.tenantId, place.workspaceId, pathKey(op.path), op.opId);
}

/**
 * The host has carried the op out: from now on the trail owes it an entry, unless one speaks of it already. The op is
 * written whole: it may have expired, or been refused when it was asked for a second time meanwhile.
 */
export async function markDone(
  transaction: Transaction,
  place: OpPlace,
  op: StoredOp & { writtenAt: number },
): Promise<void> {
  const known = await keyspace.op.get(transaction, place.tenantId, place.workspaceId, op.opId);
  if (known && known.state !== 'asked' && !isExpired(known)) return;
  setOpen(transaction, place, { ...op, state: 'done' });
}

/** The host refused: nothing happened, so nothing is owed. */
export async function dropOp(transaction: Transaction, place: OpPlace, opId: StoredOp['opId']): Promise<void> {
  const op = await keyspace.op.get(transaction, place.tenantId, place.workspaceId, opId);
  if (op?.state !== 'asked') return;
  keyspace.op.clear(transaction, place.tenantId, place.workspaceId, opId);
  keyspace.opOpen.clear(transaction, place.tenantId, place.workspaceId, pathKey(op.path), opId);
}

/** The open ops of a workspace, oldest first. */
export async function openOps(transaction: Transaction, place: OpPlace): Promise<StoredOp[]> {
  const pairs = await openKeys(transaction, place);
  const ids = pairs.map(({ key }) => keyspace.opOpen.parts(key)[2] as StoredOp['opId']);
  const found = await Promise.all(ids.map((id) => keyspace.op.get(transaction, place.tenantId, place.workspaceId, id)));
  return found.filter((op) => op !== undefined).sort((a, b) => a.askedAt - b.askedAt || (a.opId < b.opId ? -1 : 1));
}

const openKeys = (transaction: Transaction, place: OpPlace) =>
  transaction.getRange(keyspace.opOpen.range(place.tenantId, place.workspaceId), { limit: limits.opsOpenMax });

/** Closes an op with the entry that stands for it; null for one that was never acknowledged and has expired. */
export function closeOp(transaction: Transaction, place: OpPlace, op: StoredOp, seq: number | null): void {
  keyspace.op.set(transaction, { ...op, state: 'closed', seq }, place.tenantId, place.workspaceId, op.opId);
  keyspace.opOpen.clear(transaction, place.tenantId, place.workspaceId, pathKey(op.path), op.opId);
}

/** How an op relates to an entry: it caused it, it caused something above it, or neither. */
export function relation(op: StoredOp, entry: ObservedEntry): 'whole' | 'part' | 'none' {
  switch (op.effect) {
    case 'write': {
      const same = entry.path === op.path && entry.sha256 === op.sha256;
      return same && (entry.kind === 'created' || entry.kind === 'modified') ? 'whole' : 'none';
    }
    case 'create_folder':
      return entry.kind === 'created' && entry.type === 'directory' && entry.path === op.path ? 'whole' : 'none';
    case 'move':
      return entry.kind === 'renamed' && entry.path === op.path && entry.previousPath === op.previousPath
        ? 'whole'
        : 'none';
    case 'delete':
      // A folder goes with everything below it, one entry each.
      if (entry.kind !== 'deleted' || !isWithin(entry.path, op.path)) return 'none';
      return entry.path === op.path ? 'whole' : 'part';
  }
}

/** Whether an entry shows that the op's content was there and is no more: it was read after the op was done. */
export function overwritten(op: StoredOp, entry: ObservedEntry): boolean {
  // Another op's entry may show this one's content too: two saves of the same text.
  if (relation(op, entry) !== 'none') return false;
  const touches = entry.path === op.path || entry.previousPath === op.path;
  return op.state === 'done' && op.writtenAt !== null && touches && entry.observedAt > op.writtenAt;
}

export function originOf(op: StoredOp): Origin {
  return { kind: op.origin, userId: op.userId, sessionId: op.sessionId, opId: op.opId };
}
