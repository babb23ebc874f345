import type { FileType } from '../../../lib/contracts/trail.ts';
import { joinRaw, parentOf, type RawPath } from '../raw-path.ts';

/** What the trail says of a path. */
export interface FileState {
  type: FileType;
  mode: number | null;
  /** Files only. */
  size: number | null;
  sha256: string | null;
  /** Symlinks only, in the path codec's text form. */
  linkTarget: string | null;
  unhashed: 'unreadable' | 'too_large' | 'changing' | null;
}

/** How to tell without reading that a path is as it was. Times in milliseconds, with their fraction. */
export interface Stamp {
  inode: number;
  mtimeMs: number;
  ctimeMs: number;
  /** A later change may have left the same times: the file changed within the clock's grain of being hashed. */
  racy: boolean;
}

export interface IndexRecord extends FileState, Stamp {}

/** A stamp that equals none on the disk: the path will be looked at anew. */
export const unknownStamp: Stamp = { inode: 0, mtimeMs: 0, ctimeMs: 0, racy: true };

interface Node {
  name: string;
  parent: Node | undefined;
  children: Map<string, Node> | undefined;
  record: IndexRecord;
}

/**
 * The tree as last recorded, in memory: 20,000 files take some 6 MB. A folder's rename is one step. The root stands
 * in it as a folder that has no entries of its own.
 */
export class TreeIndex {
  #root: Node = {
    name: '',
    parent: undefined,
    children: undefined,
    record: {
      type: 'directory',
      mode: null,
      size: null,
      sha256: null,
      linkTarget: null,
      unhashed: null,
      ...unknownStamp,
    },
  };
  #size = 0;
  /** By inode, for hard links: a write through one name changes them all and is told of one only. */
  #byInode = new Map<number, Node | Set<Node>>();

  /** Paths in the index, without the root. */
  get size(): number {
    return this.#size;
  }

  get(path: RawPath): IndexRecord | undefined {
    return this.#find(path)?.record;
  }

  /** Names directly in `folder`. */
  names(folder: RawPath): string[] {
    return [...(this.#find(folder)?.children?.keys() ?? [])];
  }

  /** Sets what stands at `path`, whose parent must be there; answers false when it is not. */
  set(path: RawPath, record: IndexRecord): boolean {
    const node = this.#find(path);
    if (node) {
      this.#unlink(node);
      node.record = record;
      this.#link(node);
      return true;
    }
    const parent = this.#find(parentOf(path));
    if (!parent) return false;
    const added: Node = { name: nameOf(path), parent, children: undefined, record };
    parent.children ??= new Map();
    parent.children.set(added.name, added);
    this.#size += 1;
    this.#link(added);
    return true;
  }

  /** Takes `path` and all below it out. */
  remove(path: RawPath): void {
    const node = this.#find(path);
    if (!node?.parent) return;
    for (const [, below] of walk(node, path)) {
      this.#unlink(below);
      this.#size -= 1;
    }
    node.parent.children?.delete(node.name);
  }

  /** Moves `from` with all below it; what was at `to` is gone. Nothing happens when `from` or `to`'s parent is not there. */
  move(from: RawPath, to: RawPath): void {
    const node = this.#find(from);
    const parent = this.#find(parentOf(to));
    if (!node?.parent || !parent || from === to) return;
    this.remove(to);
    node.parent.children?.delete(node.name);
    node.name = nameOf(to);
    node.parent = parent;
    parent.children ??= new Map();
    parent.children.set(node.name, node);
  }

  /** `path` and all below it, parents first; the root itself is left out. */
  *entries(path: RawPath = ''): Generator<[RawPath, IndexRecord]> {
    const node = this.#find(path);
    if (!node) return;
    for (const [at, below] of walk(node, path)) if (below.parent) yield [at, below.record];
  }

  /** The other names of a file with this inode. */
  linkedTo(inode: number, path: RawPath): RawPath[] {
    const found = this.#byInode.get(inode);
    if (!(found instanceof Set)) {
      const only = found && pathOf(found);
      return only === undefined || only === path ? [] : [only];
    }
    return [...found].map(pathOf).filter((other) => other !== path);
  }

  clear(): void {
    this.#root.children = undefined;
    this.#root.record = { ...this.#root.record, ...unknownStamp };
    this.#byInode.clear();
    this.#size = 0;
  }

  #find(path: RawPath): Node | undefined {
    let node: Node | undefined = this.#root;
    if (path === '') return node;
    for (const name of path.split('/')) node = node?.children?.get(name);
    return node;
  }

  #link(node: Node): void {
    const { type, inode } = node.record;
    if (type === 'directory' || inode === unknownStamp.inode) return;
    const found = this.#byInode.get(inode);
    if (!found) this.#byInode.set(inode, node);
    else if (found instanceof Set) found.add(node);
    else this.#byInode.set(inode, new Set([found, node]));
  }

  #unlink(node: Node): void {
    const { inode } = node.record;
    const found = this.#byInode.get(inode);
    if (found === node) this.#byInode.delete(inode);
    if (!(found instanceof Set)) return;
    found.delete(node);
    if (found.size === 0) this.#byInode.delete(inode);
  }
}

function* walk(node: Node, path: RawPath): Generator<[RawPath, Node]> {
  yield [path, node];
  for (const child of node.children?.values() ?? []) yield* walk(child, joinRaw(path, child.name));
}

function pathOf(node: Node): RawPath {
  const names: string[] = [];
  for (let at = node; at.parent; at = at.parent) names.push(at.name);
  return names.reverse().join('/');
}

function nameOf(path: RawPath): string {
  return path.slice(path.lastIndexOf('/') + 1);
}
