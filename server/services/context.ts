import type { Clock } from '../../lib/base/clock.ts';
import type { Logger } from '../../lib/base/logger.ts';
import type { Random } from '../../lib/base/random.ts';
import type { SessionId, TenantId, WorkspaceId } from '../../lib/contracts/ids.ts';
import type { InputOf, RequestName, ResultOf } from '../../lib/contracts/protocol/method.ts';
import type { hostMethods, WorkspaceRole } from '../../lib/contracts/protocol/workspace.ts';
import type { Store } from '../store/store.ts';

/** What every service is built from. */
export interface ServiceContext {
  store: Store;
  clock: Clock;
  random: Random;
  logger: Logger;
}

type HostMethods = typeof hostMethods;

/** The services' way to the processes in workspaces; the gateway is behind it. */
export interface WorkspaceLinks {
  /** @throws CoditectError `workspace_unavailable` when no host is connected or it does not answer in time. */
  request<Name extends RequestName<HostMethods>>(
    workspaceId: WorkspaceId,
    method: Name,
    params: InputOf<HostMethods[Name]>,
  ): Promise<ResultOf<HostMethods[Name]>>;
  /** Asks the monitor, if it is there, to say up to when everything is recorded. */
  drain(workspaceId: WorkspaceId): void;
  connected(workspaceId: WorkspaceId, role: WorkspaceRole): boolean;
  onChanged(
    listener: (change: {
      tenantId: TenantId;
      workspaceId: WorkspaceId;
      role: WorkspaceRole;
      connected: boolean;
    }) => void,
  ): Disposable;
}

/** Whether a browser is attached to a session right now. */
export interface Presence {
  attached(sessionId: SessionId): boolean;
}
