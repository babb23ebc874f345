import type { TenantId, WorkspaceId } from '../ids.ts';
import type { TrailEntry, TrailPage, TrailQuery } from '../trail.ts';
import type { Caller } from './accounts.ts';

export interface TrailService {
  /** One page. @throws CoditectError `not_found` for another's workspace as for none. */
  read(caller: Caller, workspaceId: WorkspaceId, query: TrailQuery): Promise<TrailPage>;
  /** Hears of entries after they are durable, in order for each workspace: for the gateway, not for pages. */
  onAppended(
    listener: (append: {
      tenantId: TenantId;
      workspaceId: WorkspaceId;
      entries: TrailEntry[];
      completeTo: number;
    }) => void,
  ): Disposable;
}
