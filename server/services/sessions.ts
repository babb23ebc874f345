import { Emitter } from '../../lib/base/emitter.ts';
import { newId } from '../../lib/base/random.ts';
import { CoditectError } from '../../lib/contracts/errors.ts';
import type { SessionId, TenantId, UserId, WorkspaceId } from '../../lib/contracts/ids.ts';
import { limits } from '../../lib/contracts/limits.ts';
import type { AuditEvent, FileState, Session, SessionChange } from '../../lib/contracts/records.ts';
import type { Caller } from '../../lib/contracts/services/accounts.ts';
import type { SessionService } from '../../lib/contracts/services/sessions.ts';
import { keyspace, pathKey, type StoredSession } from '../store/keyspace.ts';
import type { Transaction } from '../store/store.ts';
import { auditEvent, recordAudit, wasRecorded } from './audit.ts';
import type { Presence, ServiceContext } from './context.ts';
import { owned } from './workspaces.ts';

interface Dependencies {
  context: ServiceContext;
  presence: Presence;
  /** Where a workspace's processes live. */
  place(workspaceId: WorkspaceId, userId: UserId): { podNamespace: string; podName: string };
}

interface SessionRecord {
  stored: StoredSession;
  files: FileState[];
}

/** Sessions: the tabs of the IDE. See {@link SessionService} for the contract of each function. */
export class Sessions implements SessionService {
  #to: Dependencies;
  #changed = new Emitter<Session>();

  constructor(dependencies: Dependencies) {
    this.#to = dependencies;
  }

  /** Writes the session that comes with a registration, in its transaction. */
  createFirst(
    transaction: Transaction,
    input: { sessionId: SessionId; workspaceId: WorkspaceId; tenantId: TenantId; userId: UserId; at: number },
  ): void {
    writeNew(transaction, newRecord({ ...input, name: 'First session' }));
  }

  async list(caller: Caller): Promise<Session[]> {
    const records = await this.#to.context.store.transact(async (transaction) => {
      const found = await listOwn(transaction, caller);
      return Promise.all(found.map(async (stored) => ({ stored, files: await filesOf(transaction, stored) })));
    });
    return records.map((record) => this.#assemble(record)).sort((a, b) => a.createdAt - b.createdAt);
  }

  async create(caller: Caller, input: { workspaceId: WorkspaceId; name: string }): Promise<Session> {
    const { context } = this.#to;
    const at = context.clock.now();
    const sessionId = newId<SessionId>(context.random);
    const stored = newRecord({ ...input, sessionId, tenantId: caller.tenantId, userId: caller.userId, at });
    const event = this.#event(caller, 'session.created', sessionId, at);
    await context.store.transact(async (transaction) => {
      await owned(transaction, caller, input.workspaceId);
      const open = (await listOwn(transaction, caller)).filter((other) => other.sessionId !== sessionId);
      if (open.length >= limits.sessionsPerUserMax)
        throw new CoditectError(
          'conflict',
          `There may be ${limits.sessionsPerUserMax} sessions at most. End one first.`,
        );
      writeNew(transaction, stored);
      recordAudit(transaction, caller.tenantId, event);
    });
    return this.#assemble({ stored, files: [] });
  }

  async get(caller: Caller, sessionId: SessionId): Promise<Session> {
    return this.#assemble(
      await this.#to.context.store.transact((transaction) => readOwn(transaction, caller, sessionId)),
    );
  }

  async change(caller: Caller, sessionId: SessionId, change: SessionChange): Promise<Session> {
    const { context } = this.#to;
    const at = context.clock.now();
    const event =
      change.status &&
      this.#event(caller, change.status === 'active' ? 'session.resumed' : 'session.suspended', sessionId, at);
    const record = await context.store.transact(async (transaction) => {
      const { stored, files } = await readOwn(transaction, caller, sessionId);
      const next: StoredSession = {
        ...stored,
        name: change.name ?? stored.name,
        status: change.status ?? stored.status,
        layout: change.layout ?? stored.layout,
        lastAccessAt: at,
      };
      keyspace.session.set(transaction, next, caller.tenantId, sessionId);
      if (change.files) writeFiles(transaction, stored, change.files);
      if (event && change.status !== stored.status) recordAudit(transaction, caller.tenantId, event);
      return { stored: next, files: change.files ?? files };
    });
    return this.#emit(record);
  }

  async terminate(caller: Caller, sessionId: SessionId): Promise<void> {
    const { context } = this.#to;
    const event = this.#event(caller, 'session.terminated', sessionId, context.clock.now());
    const record = await context.store.transact(async (transaction): Promise<SessionRecord> => {
      const done = await wasRecorded(transaction, caller.tenantId, event);
      const stored = done
        ? await keyspace.session.get(transaction, caller.tenantId, sessionId)
        : (await readOwn(transaction, caller, sessionId)).stored;
      if (!stored) throw noSession();
      const ended: StoredSession = { ...stored, status: 'terminated' };
      keyspace.session.set(transaction, ended, caller.tenantId, sessionId);
      keyspace.userSession.clear(transaction, caller.tenantId, caller.userId, sessionId);
      writeFiles(transaction, stored, []);
      recordAudit(transaction, caller.tenantId, event);
      return { stored: ended, files: [] };
    });
    this.#emit(record);
  }

  onChanged(listener: (session: Session) => void): Disposable {
    return this.#changed.on(listener);
  }

  #event(caller: Caller, action: AuditEvent['action'], subject: SessionId, at: number): AuditEvent {
    const { userId, loginId } = caller;
    return auditEvent(this.#to.context.random, { at, action, userId, loginId, subject, address: '' });
  }

  #emit(record: SessionRecord): Session {
    const session = this.#assemble(record);
    this.#changed.emit(session);
    return session;
  }

  #assemble({ stored, files }: SessionRecord): Session {
    const { presence, place } = this.#to;
    return {
      ...stored,
      ...place(stored.workspaceId, stored.userId),
      files: [...files].sort((a, b) => a.position - b.position),
      agents: [],
      websocketConnected: presence.attached(stored.sessionId),
    };
  }
}

function newRecord(input: {
  sessionId: SessionId;
  workspaceId: WorkspaceId;
  tenantId: TenantId;
  userId: UserId;
  name: string;
  at: number;
}): StoredSession {
  const { at, ...fields } = input;
  return { ...fields, createdAt: at, lastAccessAt: at, status: 'active', layout: null };
}

function writeNew(transaction: Transaction, stored: StoredSession): void {
  keyspace.session.set(transaction, stored, stored.tenantId, stored.sessionId);
  keyspace.userSession.set(transaction, true, stored.tenantId, stored.userId, stored.sessionId);
}

/** The caller's sessions that are not terminated. */
async function listOwn(transaction: Transaction, caller: Caller): Promise<StoredSession[]> {
  const range = keyspace.userSession.range(caller.tenantId, caller.userId);
  const pairs = await transaction.getRange(range);
  const ids = pairs.map(({ key }) => keyspace.userSession.parts(key)[1] as SessionId);
  const found = await Promise.all(ids.map((id) => keyspace.session.get(transaction, caller.tenantId, id)));
  return found.filter((stored) => stored !== undefined);
}

async function readOwn(transaction: Transaction, caller: Caller, sessionId: SessionId): Promise<SessionRecord> {
  const stored = await keyspace.session.get(transaction, caller.tenantId, sessionId);
  if (stored?.userId !== caller.userId || stored.status === 'terminated') throw noSession();
  return { stored, files: await filesOf(transaction, stored) };
}

const noSession = () => new CoditectError('not_found', 'There is no such session.');

function filesOf(transaction: Transaction, { tenantId, sessionId }: StoredSession): Promise<FileState[]> {
  return keyspace.sessionFile.list(transaction, keyspace.sessionFile.range(tenantId, sessionId));
}

function writeFiles(
  transaction: Transaction,
  { tenantId, sessionId }: StoredSession,
  files: readonly FileState[],
): void {
  transaction.clearRange(keyspace.sessionFile.range(tenantId, sessionId));
  for (const file of files) keyspace.sessionFile.set(transaction, file, tenantId, sessionId, pathKey(file.path));
}
