import { createHash } from 'node:crypto';
import { z } from 'zod';
import { CoditectError } from '../../lib/contracts/errors.ts';
import * as ids from '../../lib/contracts/ids.ts';
import { limits } from '../../lib/contracts/limits.ts';
import { decodePath, type WirePath, wirePath } from '../../lib/contracts/path.ts';
import {
  auditEvent,
  fileState,
  license,
  login,
  session,
  tenant,
  terminal,
  user,
  workspace,
} from '../../lib/contracts/records.ts';
import { trailEntry } from '../../lib/contracts/trail.ts';
import type { Key, KeyRange, KeyValue, RangeOptions, Transaction } from './store.ts';
import { pack, rangeOf, type TupleItem, unpack } from './tuple.ts';

/**
 * The one registry of what is stored where. A key is the tuple `(tenant, family, …)`; every function of a
 * {@link family} takes the tenant, so no call can name another's keys. Families of the installation (tenant
 * `system`) hold ids only and are made by {@link operatorFamily}; a test lists their callers.
 */
const systemTenant = 'system';
const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Turns a value of an older version into the next one's. Index 0 upgrades version 1. */
type Upgrade = (value: unknown) => unknown;

/** One kind of record: how its keys and values are written. */
export interface Family<Parts extends readonly TupleItem[], Value> {
  readonly name: string;
  key(tenantId: ids.TenantId, ...parts: Parts): Key;
  /** Every key of the family that begins with `parts`. */
  range(tenantId: ids.TenantId, ...parts: readonly TupleItem[]): KeyRange;
  /** The parts of a key after tenant and family. */
  parts(key: Key): TupleItem[];
  encode(value: Value): Uint8Array;
  /** @throws CoditectError `internal` for bytes that are no value of the family. */
  decode(bytes: Uint8Array): Value;
  get(transaction: Transaction, tenantId: ids.TenantId, ...parts: Parts): Promise<Value | undefined>;
  set(transaction: Transaction, value: Value, tenantId: ids.TenantId, ...parts: Parts): void;
  clear(transaction: Transaction, tenantId: ids.TenantId, ...parts: Parts): void;
  list(transaction: Transaction, range: KeyRange, options?: RangeOptions): Promise<Value[]>;
}

function makeFamily<Parts extends readonly TupleItem[], Value>(of: {
  name: string;
  schema: z.ZodType<Value>;
  upgrades: readonly Upgrade[];
  /** Whether it belongs to the installation in place of a tenant. */
  system: boolean;
}): Family<Parts, Value> {
  const { name, schema, upgrades } = of;
  const prefix = (tenantId: ids.TenantId): readonly TupleItem[] => {
    if ((tenantId === systemTenant) !== of.system)
      throw new CoditectError('internal', `${name} is not kept for ${tenantId}`);
    return [tenantId, name];
  };
  const version = upgrades.length + 1;
  const key = (tenantId: ids.TenantId, ...parts: Parts) => pack([...prefix(tenantId), ...parts]);
  const decode = (bytes: Uint8Array): Value => {
    const [stored, value] = JSON.parse(decoder.decode(bytes)) as [number, unknown];
    const current = upgrades.slice(stored - 1).reduce((older, upgrade) => upgrade(older), value);
    const result = schema.safeParse(current);
    if (result.success) return result.data;
    throw new CoditectError('internal', `A stored ${name} is not of its form: ${result.error.message}`);
  };
  const encode = (value: Value) => encoder.encode(JSON.stringify([version, value]));
  return {
    name,
    key,
    range: (tenantId, ...parts) => rangeOf([...prefix(tenantId), ...parts]),
    parts: (bytes) => unpack(bytes).slice(2),
    encode,
    decode,
    async get(transaction, tenantId, ...parts) {
      const bytes = await transaction.get(key(tenantId, ...parts));
      return bytes && decode(bytes);
    },
    set: (transaction, value, tenantId, ...parts) => transaction.set(key(tenantId, ...parts), encode(value)),
    clear: (transaction, tenantId, ...parts) => transaction.clear(key(tenantId, ...parts)),
    list: async (transaction, range, options) =>
      (await transaction.getRange(range, options)).map((pair: KeyValue) => decode(pair.value)),
  };
}

const family = <Parts extends readonly TupleItem[], Value>(
  name: string,
  schema: z.ZodType<Value>,
  upgrades: readonly Upgrade[] = [],
) => makeFamily<Parts, Value>({ name, schema, upgrades, system: false });

/**
 * A path as a key item: its bytes up to 1,024, else the first 960 and the SHA-256 of the whole. Order by name holds
 * but among over-long paths; the whole path stands in the value.
 */
export function pathKey(path: WirePath): Uint8Array {
  const bytes = decodePath(path);
  if (bytes.length <= 1_024) return bytes;
  return Buffer.concat([bytes.subarray(0, 960), createHash('sha256').update(bytes).digest()]);
}

const desired = z.enum(['running', 'stopped']);
export const storedUser = user.extend({ passwordHash: z.string() });
export type StoredUser = z.infer<typeof storedUser>;
export const storedWorkspace = workspace.extend({ tenantId: ids.tenantId, desired });
export type StoredWorkspace = z.infer<typeof storedWorkspace>;
/** Pod fields, files, agents and `websocketConnected` are assembled when read. */
export const storedSession = session.omit({
  podNamespace: true,
  podName: true,
  files: true,
  agents: true,
  websocketConnected: true,
});
export type StoredSession = z.infer<typeof storedSession>;

/** A change asked for through Coditect, from the moment before it is relayed to its place in the trail. */
export const storedOp = z.object({
  opId: ids.opId,
  effect: z.enum(['write', 'create_folder', 'move', 'delete']),
  path: wirePath,
  /** Where a move comes from. */
  previousPath: wirePath.nullable(),
  /** Of the bytes the gateway saw, for a write. */
  sha256: ids.sha256Hex.nullable(),
  origin: z.enum(['editor', 'api']),
  userId: ids.userId,
  sessionId: ids.sessionId.nullable(),
  askedAt: ids.timestamp,
  /** `asked` until the host answers; `done` until an entry speaks of it; `closed` after. */
  state: z.enum(['asked', 'done', 'closed']),
  /** When the host had carried it out, by the workspace's clock. */
  writtenAt: ids.timestamp.nullable(),
  /** The host found the content there already: no entry of its own will come. */
  unchanged: z.boolean().default(false),
  /** The entry that stands for it. */
  seq: z.int().min(1).nullable(),
});
export type StoredOp = z.infer<typeof storedOp>;

export const trailHead = z.object({
  seq: z.int().min(0),
  chain: ids.sha256Hex,
  recordedAt: z.int().min(0),
  spool: z.object({ id: ids.spoolId, seq: z.int().min(0) }).nullable(),
  /** The oldest gap that is still open. */
  openGap: z.int().min(1).nullable(),
});
export type TrailHead = z.infer<typeof trailHead>;

/** The seven key families of the requirements and what else belongs to a tenant. */
export const keyspace = {
  tenant: family<[], z.infer<typeof tenant>>('tenant', tenant),
  user: family<[ids.UserId], StoredUser>('user', storedUser),
  license: family<[ids.LicenseId], z.infer<typeof license>>('license', license),
  workspace: family<[ids.WorkspaceId], StoredWorkspace>('workspace', storedWorkspace),
  session: family<[ids.SessionId], StoredSession>('session', storedSession),
  sessionFile: family<[ids.SessionId, Uint8Array], z.infer<typeof fileState>>('session_file', fileState),
  audit: family<[number, ids.EventId], z.infer<typeof auditEvent>>('audit', auditEvent),
  /** By path: points to the entry. */
  fileChange: family<[ids.WorkspaceId, Uint8Array, number], number>('file_change', z.int().min(1)),
  login: family<[ids.UserId, ids.LoginId], z.infer<typeof login>>('login', login),
  userSession: family<[ids.UserId, ids.SessionId], true>('user_session', z.literal(true)),
  trail: family<[ids.WorkspaceId, number], z.infer<typeof trailEntry>>('trail', trailEntry),
  /** By time: points to the entry. */
  trailTime: family<[ids.WorkspaceId, number, number], number>('trail_time', z.int().min(1)),
  trailHead: family<[ids.WorkspaceId], TrailHead>('trail_head', trailHead),
  op: family<[ids.WorkspaceId, ids.OpId], StoredOp>('op', storedOp),
  /** Ops that no entry speaks of yet, by path. */
  opOpen: family<[ids.WorkspaceId, Uint8Array, ids.OpId], true>('op_open', z.literal(true)),
  connection: family<[ids.WorkspaceId, string], number>('connection', z.int().min(0)),
  /** The last screen of a terminal, for when its host is gone. */
  terminal: family<[ids.WorkspaceId, ids.TerminalId], z.infer<typeof terminal>>('terminal', terminal),
  terminalScreen: family<[ids.WorkspaceId, ids.TerminalId, number], string>('terminal_screen', z.string()),
} as const;

const operatorFamily = <Parts extends readonly TupleItem[], Value>(name: string, schema: z.ZodType<Value>) => {
  const made = makeFamily<Parts, Value>({ name, schema, upgrades: [], system: true });
  const tenantId = systemTenant as ids.TenantId;
  return {
    name,
    range: (...parts: readonly TupleItem[]) => made.range(tenantId, ...parts),
    key: (...parts: Parts) => made.key(tenantId, ...parts),
    get: (transaction: Transaction, ...parts: Parts) => made.get(transaction, tenantId, ...parts),
    set: (transaction: Transaction, value: Value, ...parts: Parts) => made.set(transaction, value, tenantId, ...parts),
    clear: (transaction: Transaction, ...parts: Parts) => made.clear(transaction, tenantId, ...parts),
    list: (transaction: Transaction, range: KeyRange, options?: RangeOptions) => made.list(transaction, range, options),
  };
};

const userRef = z.object({ tenantId: ids.tenantId, userId: ids.userId });
const workspaceRef = z.object({ tenantId: ids.tenantId, workspaceId: ids.workspaceId });
const revocation = z.object({ seq: z.int().min(1), loginId: ids.loginId, at: ids.timestamp });

/** What crosses tenants: ids only. Only the callers that a test lists may use it. */
export const operatorKeyspace = {
  userByEmail: operatorFamily<[string], z.infer<typeof userRef>>('user_by_email', userRef),
  /** The first account, which became operator. */
  firstUser: operatorFamily<[], z.infer<typeof userRef>>('first_user', userRef),
  /** Every workspace of the installation. */
  workspaces: operatorFamily<[ids.WorkspaceId], z.infer<typeof workspaceRef>>('workspaces', workspaceRef),
  /** The reconciler's queue: workspaces that are not yet as they should be. */
  workspaceQueue: operatorFamily<[ids.WorkspaceId], z.infer<typeof workspaceRef>>('workspace_queue', workspaceRef),
  revocation: operatorFamily<[number], z.infer<typeof revocation>>('revocation', revocation),
  /** The last revocation's sequence: the key that every replica watches. */
  revocationHead: operatorFamily<[], number>('revocation_head', z.int().min(0)),
  /** Signing keys, encrypted under SECRET_KEY. */
  signingKey: operatorFamily<[string], string>('signing_key', z.string()),
} as const;

export const storedChunkBytesMax = limits.storeValueBytesMax - 10_000;
