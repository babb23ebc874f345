import { z } from 'zod';
import { opId, runId, sessionId, sha256Hex, spoolId, timestamp, userId, workspaceId } from './ids.ts';
import { limits } from './limits.ts';
import { wirePath } from './path.ts';

export const entryKind = z.enum([
  'created',
  'modified',
  'deleted',
  'renamed',
  'gap_opened',
  'gap_closed',
  'rules_changed',
  'superseded',
  'attributed',
]);
export type EntryKind = z.infer<typeof entryKind>;

export const fileType = z.enum(['file', 'directory', 'symlink', 'other']);
export type FileType = z.infer<typeof fileType>;

/**
 * Why the monitor may not have seen each state apart. `baseline`: the index was empty, so what follows up to
 * `gap_closed` is the whole tree and anything not in it is gone.
 */
export const gapReason = z.enum([
  'baseline',
  'started',
  'overflow',
  'stalled',
  'burst',
  'no_watches',
  'throttled',
  'rules',
  'periodic',
]);
export type GapReason = z.infer<typeof gapReason>;

/** What the monitor says of one change. It names no one: who made a change is for the server to say. */
export const observedEntry = z.object({
  kind: entryKind.extract(['created', 'modified', 'deleted', 'renamed', 'gap_opened', 'gap_closed', 'rules_changed']),
  /** `null` for entries about no file (gaps, rules). */
  type: fileType.nullable(),
  path: wirePath,
  previousPath: wirePath.nullable(),
  /** Permission bits, 0 to 0o7777. */
  mode: z.int().min(0).max(0o7777).nullable(),
  /** A symlink's target in the path codec's text form; any bytes, absolute or not. */
  linkTarget: z
    .string()
    .max(limits.pathBytesMax * 2)
    .nullable(),
  size: z.int().min(0).nullable(),
  sha256: sha256Hex.nullable(),
  /** Why a file has no hash. */
  unhashed: z.enum(['unreadable', 'too_large', 'changing']).nullable(),
  /** How many earlier states of the path were not seen apart from this one. */
  coalesced: z.int().min(0),
  reason: gapReason.nullable(),
  /** The rules now in force, for `rules_changed`. */
  rules: z.array(z.string().max(limits.ignoreRuleBytesMax)).max(limits.ignoreRulesMax).nullable(),
  /** When the monitor looked at the file, by its own clock, before it read the content. */
  observedAt: timestamp,
});
export type ObservedEntry = z.infer<typeof observedEntry>;

/** Who made a change. `editor`, `api` and `restore` are verified by the server, `run` is claimed by the host. */
export const origin = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('unattributed') }),
  z.object({ kind: z.enum(['editor', 'api', 'restore']), userId, sessionId: sessionId.nullable(), opId }),
  z.object({ kind: z.literal('run'), runId, claimed: z.literal(true) }),
]);
export type Origin = z.infer<typeof origin>;
export const unattributed: Origin = { kind: 'unattributed' };

/** One entry of a workspace's trail, as stored and as shown. */
export const trailEntry = observedEntry.extend({
  kind: entryKind,
  workspaceId,
  /** 1, 2, 3 …, without holes. */
  seq: z.int().min(1),
  /** The server's clock, never before the previous entry's. */
  recordedAt: timestamp,
  /** Where the entry came from; `null` for entries the server makes itself (`superseded`, `attributed`). */
  spool: z.object({ id: spoolId, seq: z.int().min(1) }).nullable(),
  origin,
  /** The entry that this one speaks of, for `gap_closed` and `attributed`. */
  refersTo: z.int().min(1).nullable(),
  /** SHA-256(previous chain ‖ canonical bytes), see {@link canonicalBytes}. */
  chain: sha256Hex,
});
export type TrailEntry = z.infer<typeof trailEntry>;

/** The chain value before the first entry. */
export const chainStart = '0'.repeat(64);

/**
 * The bytes an entry is chained by: the UTF-8 form of a JSON array of every field but `chain`, in the order below,
 * nested records as arrays likewise. ECMAScript fixes how `JSON.stringify` writes strings and integers (ECMA-262
 * §25.5.2), so the same entry has the same bytes everywhere. The first item is the version of this form.
 */
export function canonicalBytes(entry: Omit<TrailEntry, 'chain'>): Uint8Array {
  const fields = [
    'coditect-trail-1',
    entry.workspaceId,
    entry.seq,
    entry.recordedAt,
    entry.observedAt,
    entry.spool && [entry.spool.id, entry.spool.seq],
    entry.kind,
    entry.type,
    entry.path,
    entry.previousPath,
    entry.mode,
    entry.linkTarget,
    entry.size,
    entry.sha256,
    entry.unhashed,
    entry.coalesced,
    entry.reason,
    entry.rules,
    canonicalOrigin(entry.origin),
    entry.refersTo,
  ];
  return new TextEncoder().encode(JSON.stringify(fields));
}

function canonicalOrigin(origin: Origin): unknown[] {
  switch (origin.kind) {
    case 'unattributed':
      return [origin.kind];
    case 'run':
      return [origin.kind, origin.runId];
    default:
      return [origin.kind, origin.userId, origin.sessionId, origin.opId];
  }
}

/** The chain value of an entry. `sha256` maps bytes to 64 hexadecimal digits; `previous` is the entry before's chain. */
export function chainOf(
  input: { previous: string; entry: Omit<TrailEntry, 'chain'> },
  sha256: (bytes: Uint8Array) => string,
): string {
  const head = Uint8Array.from(input.previous.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
  const body = canonicalBytes(input.entry);
  const bytes = new Uint8Array(head.length + body.length);
  bytes.set(head);
  bytes.set(body, head.length);
  return sha256(bytes);
}

export const trailQuery = z.object({
  /** Only entries of this path (its renames away included). */
  path: wirePath.optional(),
  /** Only entries with a smaller sequence number. */
  before: z.coerce.number().int().min(1).optional(),
  /** Only entries with a greater sequence number. */
  after: z.coerce.number().int().min(0).optional(),
  /** Only entries recorded at or after this time. */
  from: z.coerce.number().pipe(timestamp).optional(),
  /** Only entries recorded before this time. */
  to: z.coerce.number().pipe(timestamp).optional(),
  order: z.enum(['newest', 'oldest']).default('newest'),
  limit: z.coerce.number().int().min(1).max(limits.trailPageEntriesMax).default(limits.trailPageEntriesDefault),
});
export type TrailQuery = z.infer<typeof trailQuery>;

export const trailPage = z.object({
  entries: z.array(trailEntry),
  /** Up to here nothing is missing: the highest sequence before the oldest open gap. */
  completeTo: z.int().min(0),
  /** Where the next page begins: pass it as `before` (newest first) or `after` (oldest first). `null` at the end. */
  next: z.int().min(0).nullable(),
});
export type TrailPage = z.infer<typeof trailPage>;
