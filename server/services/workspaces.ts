import { Emitter } from '../../lib/base/emitter.ts';
import { CoditectError } from '../../lib/contracts/errors.ts';
import type { TenantId, UserId, WorkspaceId } from '../../lib/contracts/ids.ts';
import type { Workspace } from '../../lib/contracts/records.ts';
import type { Caller } from '../../lib/contracts/services/accounts.ts';
import type { WorkspaceService } from '../../lib/contracts/services/workspaces.ts';
import { keyspace, operatorKeyspace, type StoredWorkspace } from '../store/keyspace.ts';
import type { Transaction } from '../store/store.ts';
import { auditEvent, recordAudit } from './audit.ts';
import type { ServiceContext } from './context.ts';

export interface WorkspaceRef {
  tenantId: TenantId;
  workspaceId: WorkspaceId;
}

/** The workspace records: what is wished of each and what is known of it. The reconciler brings the two together. */
export class Workspaces implements WorkspaceService {
  /** A workspace whose wish may differ from what is. */
  readonly woken = new Emitter<WorkspaceRef>();
  #changed = new Emitter<{ tenantId: TenantId; workspace: Workspace }>();
  #context: ServiceContext;

  constructor(context: ServiceContext) {
    this.#context = context;
  }

  /** Writes a new workspace, wished to run, in the caller's transaction. Call {@link wake} after the commit. */
  create(transaction: Transaction, input: WorkspaceRef & { userId: UserId; at: number }): void {
    const { tenantId, workspaceId, userId, at } = input;
    const record: StoredWorkspace = {
      workspaceId,
      tenantId,
      userId,
      desired: 'running',
      status: 'pending',
      stages: [{ name: 'requested', startedAt: at, endedAt: null, error: null }],
      error: null,
      createdAt: at,
    };
    keyspace.workspace.set(transaction, record, tenantId, workspaceId);
    operatorKeyspace.workspaces.set(transaction, { tenantId, workspaceId }, workspaceId);
    operatorKeyspace.workspaceQueue.set(transaction, { tenantId, workspaceId }, workspaceId);
  }

  wake(tenantId: TenantId, workspaceId: WorkspaceId): void {
    this.woken.emit({ tenantId, workspaceId });
  }

  async list(caller: Caller): Promise<Workspace[]> {
    const all = await this.#context.store.transact((transaction) =>
      keyspace.workspace.list(transaction, keyspace.workspace.range(caller.tenantId)),
    );
    return all.filter((stored) => stored.userId === caller.userId).map(publicWorkspace);
  }

  async get(caller: Caller, workspaceId: WorkspaceId): Promise<Workspace> {
    return publicWorkspace(
      await this.#context.store.transact((transaction) => owned(transaction, caller, workspaceId)),
    );
  }

  start(caller: Caller, workspaceId: WorkspaceId): Promise<Workspace> {
    return this.#wish(caller, workspaceId, 'running');
  }

  stop(caller: Caller, workspaceId: WorkspaceId): Promise<Workspace> {
    return this.#wish(caller, workspaceId, 'stopped');
  }

  onChanged(listener: (change: { tenantId: TenantId; workspace: Workspace }) => void): Disposable {
    return this.#changed.on(listener);
  }

  /** The stored record, for the reconciler. */
  read(of: WorkspaceRef): Promise<StoredWorkspace | undefined> {
    return this.#context.store.transact((transaction) =>
      keyspace.workspace.get(transaction, of.tenantId, of.workspaceId),
    );
  }

  /** Every workspace of the installation, for the reconciler's start. */
  all(): Promise<WorkspaceRef[]> {
    return this.#context.store.transact((transaction) =>
      operatorKeyspace.workspaces.list(transaction, operatorKeyspace.workspaces.range()),
    );
  }

  /**
   * Applies what was observed. `change` is pure and may run twice; answering the same record writes nothing.
   * Listeners hear of it after the commit.
   */
  async observe(
    of: WorkspaceRef,
    change: (stored: StoredWorkspace) => StoredWorkspace,
  ): Promise<StoredWorkspace | undefined> {
    const result = await this.#context.store.transact(async (transaction) => {
      const stored = await keyspace.workspace.get(transaction, of.tenantId, of.workspaceId);
      if (!stored) return undefined;
      const next = change(stored);
      if (next === stored) return { next, written: false };
      keyspace.workspace.set(transaction, next, of.tenantId, of.workspaceId);
      if (next.status === next.desired) operatorKeyspace.workspaceQueue.clear(transaction, of.workspaceId);
      else operatorKeyspace.workspaceQueue.set(transaction, of, of.workspaceId);
      return { next, written: true };
    });
    if (result?.written) this.#emit(result.next);
    return result?.next;
  }

  async #wish(caller: Caller, workspaceId: WorkspaceId, desired: StoredWorkspace['desired']): Promise<Workspace> {
    const { clock, random, store } = this.#context;
    const at = clock.now();
    const action = desired === 'running' ? 'workspace.started' : 'workspace.stopped';
    const event = auditEvent(random, {
      at,
      action,
      userId: caller.userId,
      loginId: caller.loginId,
      subject: workspaceId,
      address: '',
    });
    const next = await store.transact(async (transaction) => {
      const stored = await owned(transaction, caller, workspaceId);
      // A failed start is tried anew by asking again.
      if (stored.desired === desired && stored.status !== 'failed') return stored;
      const wished: StoredWorkspace = {
        ...stored,
        desired,
        status: desired === 'running' ? 'pending' : 'stopping',
        stages: desired === 'running' ? [{ name: 'requested', startedAt: at, endedAt: null, error: null }] : [],
        error: null,
      };
      keyspace.workspace.set(transaction, wished, caller.tenantId, workspaceId);
      operatorKeyspace.workspaceQueue.set(transaction, { tenantId: caller.tenantId, workspaceId }, workspaceId);
      recordAudit(transaction, caller.tenantId, event);
      return wished;
    });
    this.#emit(next);
    this.wake(caller.tenantId, workspaceId);
    return publicWorkspace(next);
  }

  #emit(stored: StoredWorkspace): void {
    this.#changed.emit({ tenantId: stored.tenantId, workspace: publicWorkspace(stored) });
  }
}

/** The caller's workspace. @throws CoditectError `not_found` for another's as for none. */
export async function owned(
  transaction: Transaction,
  caller: Caller,
  workspaceId: WorkspaceId,
): Promise<StoredWorkspace> {
  const stored = await keyspace.workspace.get(transaction, caller.tenantId, workspaceId);
  if (stored?.userId === caller.userId) return stored;
  throw new CoditectError('not_found', 'There is no such workspace.');
}

function publicWorkspace(stored: StoredWorkspace): Workspace {
  const { tenantId: _tenant, desired: _desired, ...shown } = stored;
  return shown;
}
