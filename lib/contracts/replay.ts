import { byteString, ignoreMatcher } from './ignore-rules.ts';
import { decodePath, encodePath, type WirePath } from './path.ts';
import type { FileType, ObservedEntry, TrailEntry } from './trail.ts';

/** What the trail says a path is. `size` and `sha256` are files' only, `linkTarget` symlinks' only. */
export interface ReplayedFile {
  type: FileType;
  mode: number | null;
  size: number | null;
  sha256: string | null;
  linkTarget: string | null;
}

/**
 * The tree that a trail describes: the reference for what its entries mean. The root itself is not in it.
 *
 * - `created` and `modified` set the path's whole state.
 * - `deleted` removes the path and whatever is still below it.
 * - `renamed` moves the path and all below it; what stood at the new path is gone (the monitor says so before, with
 *   `deleted` entries). The entry carries the state too, so a rename whose beginning is unknown creates.
 * - `gap_opened` with the reason `baseline` forgets everything: the whole tree follows. Other gaps change nothing.
 * - `rules_changed` forgets what is now ignored; a rename forgets what it moved below an ignored name.
 */
export function replay(entries: Iterable<ObservedEntry | TrailEntry>): Map<WirePath, ReplayedFile> {
  // Keyed by byte strings, for which "below" is a plain prefix.
  const tree = new Map<string, ReplayedFile>();
  let ignored = ignoreMatcher([]);
  for (const entry of entries) {
    const path = byteString(decodePath(entry.path));
    switch (entry.kind) {
      case 'created':
      case 'modified':
        tree.set(path, stateOf(entry));
        break;
      case 'deleted':
        removeTree(tree, path);
        break;
      case 'renamed':
        moveTree(tree, byteString(decodePath(entry.previousPath ?? entry.path)), path);
        tree.set(path, stateOf(entry));
        if (entry.type === 'directory') forget(tree, ignored);
        break;
      case 'gap_opened':
        if (entry.reason === 'baseline') tree.clear();
        break;
      case 'rules_changed':
        ignored = ignoreMatcher(entry.rules ?? []);
        forget(tree, ignored);
        break;
      default:
        // Gaps closed and the server's own entries say nothing of the tree.
        break;
    }
  }
  return new Map([...tree].map(([path, file]) => [encodePath(toBytes(path)), file]));
}

function stateOf(entry: ObservedEntry | TrailEntry): ReplayedFile {
  const { type, mode, size, sha256, linkTarget } = entry;
  return { type: type ?? 'other', mode, size, sha256, linkTarget };
}

function below(tree: Map<string, ReplayedFile>, path: string): string[] {
  if (tree.get(path)?.type !== 'directory') return [];
  return [...tree.keys()].filter((other) => other.startsWith(`${path}/`));
}

function removeTree(tree: Map<string, ReplayedFile>, path: string): void {
  for (const other of [...below(tree, path), path]) tree.delete(other);
}

function moveTree(tree: Map<string, ReplayedFile>, from: string, to: string): void {
  const moved = [from, ...below(tree, from)].flatMap((path) => {
    const file = tree.get(path);
    return file ? [[path, file] as const] : [];
  });
  removeTree(tree, from);
  removeTree(tree, to);
  for (const [path, file] of moved) tree.set(to + path.slice(from.length), file);
}

function forget(tree: Map<string, ReplayedFile>, ignored: (path: string) => boolean): void {
  for (const path of tree.keys()) if (ignored(path)) tree.delete(path);
}

function toBytes(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}
