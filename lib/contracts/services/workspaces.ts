import type { TenantId, WorkspaceId } from '../ids.ts';
import type { Workspace } from '../records.ts';
import type { Caller } from './accounts.ts';

export interface WorkspaceService {
  list(caller: Caller): Promise<Workspace[]>;
  /** @throws CoditectError `not_found` for another's workspace as for none. */
  get(caller: Caller, workspaceId: WorkspaceId): Promise<Workspace>;
  /** Asks for it to run; the reconciler does the rest. */
  start(caller: Caller, workspaceId: WorkspaceId): Promise<Workspace>;
  /** Asks for it to stop; files are kept. */
  stop(caller: Caller, workspaceId: WorkspaceId): Promise<Workspace>;
  /** Hears of every change of a workspace's status or stages, of all tenants: for the gateway, not for pages. */
  onChanged(listener: (change: { tenantId: TenantId; workspace: Workspace }) => void): Disposable;
}
