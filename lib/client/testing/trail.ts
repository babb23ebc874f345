import type { WirePath } from '../../contracts/path.ts';
import { type TrailEntry, unattributed } from '../../contracts/trail.ts';

/** An entry of a trail as a test needs it; what is not said is as plain as it can be. */
export function testEntry(
  entry: Partial<Omit<TrailEntry, 'path' | 'previousPath'>> & { seq: number; path: string; previousPath?: string },
): TrailEntry {
  const { path, previousPath = null, ...rest } = entry;
  return {
    ...{ kind: 'created', type: 'file', mode: 0o644, linkTarget: null, size: 1, sha256: null, unhashed: null },
    ...{ coalesced: 0, reason: null, rules: null, observedAt: 1, recordedAt: 1, spool: null, refersTo: null },
    ...{ workspaceId: 'dddd' as TrailEntry['workspaceId'], origin: unattributed, chain: '0'.repeat(64) },
    ...rest,
    path: path as WirePath,
    previousPath: previousPath as WirePath | null,
  };
}
