import { hash } from 'node:crypto';
import { chainOf, chainStart, type TrailEntry } from '../../../lib/contracts/trail.ts';
import { keyspace } from '../../store/keyspace.ts';
import type { KeyRange, Store } from '../../store/store.ts';
import { readHead } from './append.ts';
import type { OpPlace } from './ops.ts';

const pageEntries = 1_000;

export type TrailVerdict =
  | { sound: true; entries: number; chain: string }
  /** `seq` is the first entry at fault. */
  | {
      sound: false;
      seq: number;
      fault: 'altered' | 'dropped' | 'reordered' | 'unreadable' | 'beyond_head';
      detail: string;
    };

/**
 * Recomputes the chain over every stored entry and compares it with what stands in entries and head. It finds any
 * change that did not recompute the whole chain; against one that did, keep the head's chain value elsewhere.
 */
export async function verifyTrail(store: Store, place: OpPlace): Promise<TrailVerdict> {
  const { tenantId, workspaceId } = place;
  const head = await store.transact((transaction) => readHead(transaction, place));
  let chain = chainStart;
  for (let seq = 1; ; ) {
    const range: KeyRange = {
      begin: keyspace.trail.key(tenantId, workspaceId, seq),
      end: keyspace.trail.range(tenantId, workspaceId).end,
    };
    const pairs = await store.transact((transaction) => transaction.getRange(range, { limit: pageEntries }));
    if (pairs.length === 0) return atEnd({ seq, chain, head });
    for (const { key, value } of pairs) {
      const stored = keyspace.trail.parts(key)[1];
      if (stored !== seq)
        return { sound: false, seq, fault: 'dropped', detail: `The next entry stored is ${String(stored)}.` };
      if (seq > head.seq) return { sound: false, seq, fault: 'beyond_head', detail: `The head ends at ${head.seq}.` };
      const entry = decode(value);
      if (!entry) return { sound: false, seq, fault: 'unreadable', detail: 'Its bytes are no entry.' };
      if (entry.seq !== seq)
        return {
          sound: false,
          seq,
          fault: 'reordered',
          detail: `The entry numbered ${entry.seq} stands in its place.`,
        };
      const { chain: claimed, ...unchained } = entry;
      chain = chainOf({ previous: chain, entry: unchained }, (bytes) => hash('sha256', bytes, 'hex'));
      if (claimed !== chain || entry.workspaceId !== workspaceId)
        return { sound: false, seq, fault: 'altered', detail: 'Its fields do not give its chain value.' };
      seq += 1;
    }
  }
}

function atEnd(of: { seq: number; chain: string; head: { seq: number; chain: string } }): TrailVerdict {
  const entries = of.seq - 1;
  if (entries < of.head.seq)
    return { sound: false, seq: of.seq, fault: 'dropped', detail: `The head says there are ${of.head.seq}.` };
  if (of.chain !== of.head.chain)
    return { sound: false, seq: entries, fault: 'altered', detail: 'The head has another chain value.' };
  return { sound: true, entries, chain: of.chain };
}

function decode(value: Uint8Array): TrailEntry | undefined {
  try {
    return keyspace.trail.decode(value);
  } catch {
    return undefined;
  }
}
