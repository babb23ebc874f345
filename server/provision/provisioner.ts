import type { TenantId, UserId, WorkspaceId } from '../../lib/contracts/ids.ts';
import type { WorkspaceStageName } from '../../lib/contracts/records.ts';

/** Everything a workspace is made from. The same spec makes the same workspace. */
export interface WorkspaceSpec {
  workspaceId: WorkspaceId;
  tenantId: TenantId;
  userId: UserId;
  /** Where its processes dial out to. */
  gatewayUrl: string;
  /** One credential for each role; the monitor's never enters what the user can reach. */
  enrolment: { host: string; monitor: string };
  ignoreRules: readonly string[];
}

export type ObservedState = 'absent' | 'starting' | 'running' | 'stopping' | 'stopped' | 'failed';

/** What is true of one workspace now. `running`: both processes live; whether they have dialled in the gateway knows. */
export interface WorkspaceObservation {
  workspaceId: WorkspaceId;
  state: ObservedState;
  /** Finished and current steps, oldest first, with wall-clock times in milliseconds. */
  stages: { name: WorkspaceStageName; startedAt: number; endedAt: number | null }[];
  /** Plain words with what to do, when `failed`. */
  error: string | null;
}

export type Observation =
  | { kind: 'workspace'; workspace: WorkspaceObservation }
  | { kind: 'listed'; all: WorkspaceObservation[] };

/** Makes workspaces exist. Every call is idempotent and converges: after a failure, call again. */
export interface Provisioner {
  /** Where a workspace's processes live, for the session record. */
  place(workspaceId: WorkspaceId, userId: UserId): { podNamespace: string; podName: string };
  /** Resolves when the workspace runs as `spec` says. @throws CoditectError with plain words that a user can act on. */
  ensure(spec: WorkspaceSpec): Promise<void>;
  /** Processes gone, files kept. */
  stop(workspaceId: WorkspaceId): Promise<void>;
  /** Files gone. */
  destroy(workspaceId: WorkspaceId): Promise<void>;
  /** Lists everything, then each change, then lists again now and then; ends when aborted. */
  observe(signal: AbortSignal): AsyncIterable<Observation>;
}
