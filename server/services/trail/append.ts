import { hash } from 'node:crypto';
import { CoditectError } from '../../../lib/contracts/errors.ts';
import type { SpoolId, WorkspaceId } from '../../../lib/contracts/ids.ts';
import { limits } from '../../../lib/contracts/limits.ts';
import {
  chainOf,
  chainStart,
  type ObservedEntry,
  type TrailEntry,
  unattributed,
} from '../../../lib/contracts/trail.ts';
import { keyspace, pathKey, type StoredOp, type TrailHead } from '../../store/keyspace.ts';
import type { Transaction } from '../../store/store.ts';
import { closeOp, type OpPlace, openOps, originOf, overwritten, relation } from './ops.ts';

/** A batch as the monitor sent it. */
export interface Batch {
  spool: SpoolId;
  firstSeq: number;
  entries: readonly ObservedEntry[];
  /** Everything before this time (monitor's clock) is in this or an earlier batch. */
  drainedAt: number | null;
}

export interface Appended {
  /** The last sequence stored of the batch's spool. */
  spoolSeq: number;
  entries: TrailEntry[];
  completeTo: number;
}

/**
 * Ops without an entry of their own that one transaction closes. With the longest paths each takes 100 kB, and what
 * does not fit a transaction could never be stored: the trail would stand still for good.
 */
const closingsMax = 50;

const emptyHead: TrailHead = { seq: 0, chain: chainStart, recordedAt: 0, spool: null, openGap: null };

/** Up to here nothing is missing. */
export const completeTo = (head: TrailHead): number => (head.openGap === null ? head.seq : head.openGap - 1);

export async function readHead(transaction: Transaction, place: OpPlace): Promise<TrailHead> {
  return (await keyspace.trailHead.get(transaction, place.tenantId, place.workspaceId)) ?? emptyHead;
}

/**
 * Appends a batch inside `transaction`: skips what the head covers, joins entries to the ops that caused them, closes
 * ops whose content was overwritten unseen, writes entries and indexes, moves head and chain. Running it again after
 * an unknown commit skips everything. When many ops are to be closed it stores a part and is not `done`: the same
 * batch goes on from there.
 * @throws CoditectError `conflict` when the batch begins beyond what is stored (`facts.seq` says from where to send).
 */
export async function appendBatch(
  transaction: Transaction,
  place: OpPlace,
  input: { batch: Batch; now: number },
): Promise<Appended & { head: TrailHead; done: boolean }> {
  const { batch, now } = input;
  const head = await readHead(transaction, place);
  const stored = head.spool?.id === batch.spool ? head.spool.seq : 0;
  if (batch.firstSeq > stored + 1)
    throw new CoditectError('conflict', `Entries ${stored + 1} to ${batch.firstSeq - 1} of the spool are missing.`, {
      facts: { seq: String(stored) },
    });
  const fresh = batch.entries.slice(stored + 1 - batch.firstSeq);
  const ops = await openOps(transaction, place);
  if (fresh.length === 0 && !settles(ops, batch, now))
    return { spoolSeq: stored, entries: [], completeTo: completeTo(head), head, done: true };

  const writer = new Writer(transaction, place, { head, now });
  const work: Work = { writer, pending: new Set(ops), closingsLeft: closingsMax, transaction, place };
  let spoolSeq = stored;
  for (const entry of fresh) {
    if (!writeObserved(work, entry, { id: batch.spool, seq: spoolSeq + 1 })) break;
    spoolSeq += 1;
  }
  const done = spoolSeq === stored + fresh.length && (await settle(work, batch, now));
  const next = writer.finish(spoolSeq > stored ? { id: batch.spool, seq: spoolSeq } : head.spool);
  return { spoolSeq, entries: writer.entries, completeTo: completeTo(next), head: next, done };
}

interface Work {
  writer: Writer;
  /** Open ops that no entry speaks of yet. */
  pending: Set<StoredOp>;
  closingsLeft: number;
  transaction: Transaction;
  place: OpPlace;
}

/** False when ops are to be closed first for which there is no room any more. */
function writeObserved(work: Work, entry: ObservedEntry, spool: { id: SpoolId; seq: number }): boolean {
  const { writer, pending, transaction, place } = work;
  const cause = [...pending].find((op) => relation(op, entry) !== 'none');
  const whole = cause !== undefined && relation(cause, entry) === 'whole';
  // The op's own entry is the next one written but for those that are superseded by it.
  if ((whole || !cause) && !closeSuperseded(work, entry)) return false;
  if (whole) {
    pending.delete(cause);
    closeOp(transaction, place, cause, writer.nextSeq);
  }
  writer.write({ ...entry, spool, origin: cause ? originOf(cause) : unattributed, refersTo: null });
  return true;
}

/**
 * An op whose content was overwritten before the monitor read it stands in the trail by an entry of its own. False
 * when there was no room for all.
 */
function closeSuperseded(work: Work, entry: ObservedEntry): boolean {
  const { writer, pending, transaction, place } = work;
  for (const op of pending) {
    if (!overwritten(op, entry)) continue;
    if (work.closingsLeft === 0) return false;
    work.closingsLeft -= 1;
    pending.delete(op);
    closeOp(transaction, place, op, writer.nextSeq);
    writer.write(ownEntry(op, { kind: 'superseded', refersTo: null }));
  }
  return true;
}

/** Whether the batch lets ops be closed that have no entry of their own. */
function settles(ops: readonly StoredOp[], batch: Batch, now: number): boolean {
  return ops.some((op) => isOwed(op, batch) || hasExpired(op, now));
}

const isOwed = (op: StoredOp, batch: Batch) =>
  op.state === 'done' && op.writtenAt !== null && batch.drainedAt !== null && op.writtenAt < batch.drainedAt;
const hasExpired = (op: StoredOp, now: number) => op.state === 'asked' && op.askedAt + limits.opOpenMsMax < now;

/**
 * Closes the ops that everything observed has passed by. If the path's newest entry has the op's content, the op
 * changed nothing that was not so already, and an `attributed` entry says who else stands for it; otherwise its
 * content was gone before it was seen. False when there was no room for all.
 */
async function settle(work: Work, batch: Batch, now: number): Promise<boolean> {
  const { writer, pending, transaction, place } = work;
  for (const op of pending) {
    const owed = isOwed(op, batch);
    if (!owed && !hasExpired(op, now)) continue;
    if (work.closingsLeft === 0) return false;
    work.closingsLeft -= 1;
    if (owed) {
      const newest = op.sha256 === null ? undefined : await writer.newestOf(op);
      closeOp(transaction, place, op, writer.nextSeq);
      const shown = newest !== undefined && newest.sha256 === op.sha256 && newest.path === op.path;
      // What came there with a folder that was renamed has no entry under its new path.
      const was = shown || op.unchanged;
      writer.write(
        ownEntry(
          op,
          was ? { kind: 'attributed', refersTo: shown ? newest.seq : null } : { kind: 'superseded', refersTo: null },
        ),
      );
    } else closeOp(transaction, place, op, null);
  }
  return true;
}

type Draft = Omit<TrailEntry, 'workspaceId' | 'seq' | 'recordedAt' | 'chain'>;

function ownEntry(op: StoredOp, as: { kind: 'superseded' | 'attributed'; refersTo: number | null }): Draft {
  return {
    kind: as.kind,
    type: op.effect === 'create_folder' ? 'directory' : op.effect === 'write' ? 'file' : null,
    path: op.path,
    previousPath: op.previousPath,
    mode: null,
    linkTarget: null,
    size: null,
    sha256: op.sha256,
    unhashed: null,
    coalesced: 0,
    reason: null,
    rules: null,
    observedAt: op.writtenAt ?? op.askedAt,
    spool: null,
    origin: originOf(op),
    refersTo: as.refersTo,
  };
}

/** Numbers, chains and writes entries one after another. */
class Writer {
  readonly entries: TrailEntry[] = [];
  #transaction: Transaction;
  #place: OpPlace;
  #recordedAt: number;
  #seq: number;
  #chain: string;
  #openGap: number | null;

  constructor(transaction: Transaction, place: OpPlace, from: { head: TrailHead; now: number }) {
    this.#transaction = transaction;
    this.#place = place;
    this.#recordedAt = Math.max(from.now, from.head.recordedAt);
    this.#seq = from.head.seq;
    this.#chain = from.head.chain;
    this.#openGap = from.head.openGap;
  }

  get nextSeq(): number {
    return this.#seq + 1;
  }

  write(draft: Draft): void {
    const workspaceId: WorkspaceId = this.#place.workspaceId;
    const seq = this.nextSeq;
    const refersTo = draft.kind === 'gap_closed' ? this.#openGap : draft.refersTo;
    const unchained = { ...draft, refersTo, workspaceId, seq, recordedAt: this.#recordedAt };
    const chain = chainOf({ previous: this.#chain, entry: unchained }, (bytes) => hash('sha256', bytes, 'hex'));
    const entry: TrailEntry = { ...unchained, chain };
    this.#store(entry);
    this.entries.push(entry);
    this.#seq = seq;
    this.#chain = chain;
    if (draft.kind === 'gap_opened') this.#openGap ??= seq;
    if (draft.kind === 'gap_closed') this.#openGap = null;
  }

  /** The newest entry that says what is at the op's path, those of this batch included. */
  async newestOf(op: StoredOp): Promise<TrailEntry | undefined> {
    const { tenantId, workspaceId } = this.#place;
    const key = pathKey(op.path);
    const { begin } = keyspace.fileChange.range(tenantId, workspaceId, key);
    for (let before = this.nextSeq; ; ) {
      const range = { begin, end: keyspace.fileChange.key(tenantId, workspaceId, key, before) };
      const [seq] = await keyspace.fileChange.list(this.#transaction, range, { limit: 1, reverse: true });
      if (seq === undefined) return undefined;
      const entry = await keyspace.trail.get(this.#transaction, tenantId, workspaceId, seq);
      // What was superseded was not there when anyone looked.
      if (entry?.kind !== 'superseded') return entry;
      before = seq;
    }
  }

  finish(spool: TrailHead['spool']): TrailHead {
    const head: TrailHead = {
      seq: this.#seq,
      chain: this.#chain,
      recordedAt: this.#recordedAt,
      spool,
      openGap: this.#openGap,
    };
    keyspace.trailHead.set(this.#transaction, head, this.#place.tenantId, this.#place.workspaceId);
    return head;
  }

  #store(entry: TrailEntry): void {
    const { tenantId, workspaceId } = this.#place;
    const transaction = this.#transaction;
    keyspace.trail.set(transaction, entry, tenantId, workspaceId, entry.seq);
    keyspace.trailTime.set(transaction, entry.seq, tenantId, workspaceId, entry.recordedAt, entry.seq);
    if (entry.type === null && entry.origin.kind === 'unattributed') return;
    keyspace.fileChange.set(transaction, entry.seq, tenantId, workspaceId, pathKey(entry.path), entry.seq);
    if (entry.previousPath !== null)
      keyspace.fileChange.set(transaction, entry.seq, tenantId, workspaceId, pathKey(entry.previousPath), entry.seq);
  }
}
