import type { Clock } from '../../../lib/base/clock.ts';
import { Disposables } from '../../../lib/base/disposables.ts';
import type { Emitter } from '../../../lib/base/emitter.ts';
import type { WorkspaceId } from '../../../lib/contracts/ids.ts';
import { limits } from '../../../lib/contracts/limits.ts';
import type { Observation, WorkspaceObservation } from '../provisioner.ts';

interface Source {
  list(): WorkspaceObservation[];
  changes: Emitter<WorkspaceObservation>;
  clock: Clock;
}

/**
 * The list, then changes, and the list again now and then, until aborted. A slow reader gets the latest of each
 * workspace: what waits is bounded by their number.
 */
export async function* observeWorkspaces(
  { list, changes, clock }: Source,
  signal: AbortSignal,
): AsyncGenerator<Observation> {
  const subscriptions = new Disposables();
  const waiting = new Map<WorkspaceId, WorkspaceObservation>();
  let listedAt: number | null = null;
  let wake = () => {};
  const rouse = () => wake();
  subscriptions.add(
    changes.on((workspace) => {
      waiting.set(workspace.workspaceId, workspace);
      rouse();
    }),
  );
  signal.addEventListener('abort', rouse);
  subscriptions.defer(() => signal.removeEventListener('abort', rouse));
  try {
    while (!signal.aborted) {
      const [next] = waiting.values();
      const listInMs = listedAt === null ? 0 : listedAt + limits.provisionListMs - clock.monotonic();
      if (listInMs <= 0) {
        listedAt = clock.monotonic();
        // What waited is in the list.
        waiting.clear();
        yield { kind: 'listed', all: list() };
      } else if (next) {
        waiting.delete(next.workspaceId);
        yield { kind: 'workspace', workspace: next };
      } else {
        const woken = new Promise<void>((resolve) => {
          wake = resolve;
        });
        const timer = clock.after(listInMs, rouse);
        await woken;
        timer[Symbol.dispose]();
      }
    }
  } finally {
    subscriptions[Symbol.dispose]();
  }
}
