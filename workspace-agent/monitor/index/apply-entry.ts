import { ignoreMatcher } from '../../../lib/contracts/ignore-rules.ts';
import { decodePath } from '../../../lib/contracts/path.ts';
import type { GapReason, ObservedEntry } from '../../../lib/contracts/trail.ts';
import { rawPathOf } from '../raw-path.ts';
import { type FileState, type TreeIndex, unknownStamp } from './tree-index.ts';

/** What is known besides the tree: the rules in force and why the trail may be missing something just now. */
export interface IndexHead {
  rules: string[];
  openGap: GapReason | null;
  /** Whether the whole tree has been recorded, or is being so. */
  based: boolean;
}

/**
 * Brings the index up to an entry of the spool that it missed. What `replay` in the contracts says of the entries
 * holds here too; the stamps are unknown, so that the scan looks at these paths again.
 */
export function applyEntry(index: TreeIndex, head: IndexHead, entry: ObservedEntry): void {
  const path = rawPathOf(decodePath(entry.path));
  switch (entry.kind) {
    case 'created':
    case 'modified':
      index.set(path, { ...stateOf(entry), ...unknownStamp });
      break;
    case 'deleted':
      index.remove(path);
      break;
    case 'renamed':
      index.move(rawPathOf(decodePath(entry.previousPath ?? entry.path)), path);
      index.set(path, { ...stateOf(entry), ...unknownStamp });
      forgetIgnored(index, head.rules, path);
      break;
    case 'gap_opened':
      head.openGap = entry.reason;
      if (entry.reason === 'baseline') {
        head.based = true;
        index.clear();
      }
      break;
    case 'gap_closed':
      head.openGap = null;
      break;
    case 'rules_changed':
      head.rules = entry.rules ?? [];
      forgetIgnored(index, head.rules);
      break;
  }
}

/** Takes out what the rules ignore, at `below` and under it. */
export function forgetIgnored(index: TreeIndex, rules: readonly string[], below = ''): void {
  const ignored = ignoreMatcher(rules);
  const paths = [...index.entries(below)].map(([path]) => path).filter(ignored);
  for (const path of paths) index.remove(path);
}

function stateOf(entry: ObservedEntry): FileState {
  const { type, mode, size, sha256, linkTarget, unhashed } = entry;
  return { type: type ?? 'other', mode, size, sha256, linkTarget, unhashed };
}
