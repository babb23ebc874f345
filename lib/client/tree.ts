import { Disposables } from '../base/disposables.ts';
import { newId, type Random } from '../base/random.ts';
import { type Problem, toProblem } from '../contracts/errors.ts';
import { limits } from '../contracts/limits.ts';
import { baseName, isWithin, parentPath, rootPath, type WirePath } from '../contracts/path.ts';
import type { FileEntry } from '../contracts/protocol/files.ts';
import type { FileType, TrailEntry } from '../contracts/trail.ts';
import type { Connection } from './connection.ts';
import { Observable, type Readable } from './observable.ts';
import { movedPath } from './paths.ts';

export interface TreeItem {
  path: WirePath;
  name: string;
  type: FileType;
  linkTarget: string | null;
  /** Null for what is no folder; empty for a folder that is empty or not read yet. */
  children: TreeItem[] | null;
  /** How far a folder's content is known. */
  folder: FolderState;
}

export type FolderState =
  | { kind: 'unread' }
  | { kind: 'reading' }
  | { kind: 'read'; complete: boolean }
  | { kind: 'failed'; problem: Problem };

interface Node {
  path: WirePath;
  type: FileType;
  linkTarget: string | null;
  children: Map<WirePath, Node>;
  folder: FolderState;
}

export interface TreeSnapshot {
  root: FolderState;
  items: TreeItem[];
}

const byName = new Intl.Collator('en', { numeric: true, sensitivity: 'base' });

/**
 * The files of the workspace as far as they were looked at. Folders are read when first opened; from then on the trail
 * keeps them true, and whatever it may have missed is read again.
 */
export class FileTree implements Disposable {
  readonly #connection: Connection;
  readonly #random: Random;
  readonly #root = folderNode(rootPath);
  readonly #snapshot = new Observable<TreeSnapshot>({ root: { kind: 'unread' }, items: [] });
  readonly #ending = new Disposables();

  constructor({ connection, random }: { connection: Connection; random: Random }) {
    this.#connection = connection;
    this.#random = random;
    this.#ending.add(connection.onAttached(() => this.refresh()));
  }

  get snapshot(): Readable<TreeSnapshot> {
    return this.#snapshot;
  }

  /** Reads a folder, when it is opened; what was known of it stays visible meanwhile. */
  async readFolder(path: WirePath): Promise<void> {
    const node = this.#find(path);
    if (!node || node.folder.kind === 'reading') return;
    if (node.folder.kind !== 'read') this.#setFolder(node, { kind: 'reading' });
    try {
      const { entries, complete } = await this.#list(path);
      this.#replaceChildren(
        node,
        entries.filter((entry) => !isOurs(entry.path)),
      );
      this.#setFolder(node, { kind: 'read', complete });
    } catch (error) {
      this.#setFolder(node, { kind: 'failed', problem: toProblem(error) });
    }
  }

  /** Reads all known folders again. */
  refresh(): void {
    void this.readFolder(rootPath);
    const walk = (node: Node) => {
      for (const child of node.children.values()) {
        if (child.folder.kind === 'unread') continue;
        void this.readFolder(child.path);
        walk(child);
      }
    };
    walk(this.#root);
  }

  /** Makes an empty file. @throws CoditectError `stale_write` when the name is taken. */
  async createFile(path: WirePath): Promise<void> {
    const opId = newId(this.#random);
    const empty = { size: 0, offset: 0, bytes: new Uint8Array() };
    await this.#connection.persist('file.write', { opId, path, baseHash: 'absent', ...empty });
    this.#put({ path, type: 'file', linkTarget: null });
  }

  /** @throws CoditectError `conflict` when the name is taken. */
  async createFolder(path: WirePath): Promise<void> {
    await this.#connection.persist('file.create_folder', { opId: newId(this.#random), path });
    this.#put({ path, type: 'directory', linkTarget: null });
  }

  /** @throws CoditectError `conflict` when the new name is taken. */
  async move(from: WirePath, to: WirePath): Promise<void> {
    await this.#connection.persist('file.move', { opId: newId(this.#random), from, to });
    this.#rename(from, to);
    this.#publish();
  }

  /** Removes a file, or a folder with all that is in it. */
  async remove(path: WirePath): Promise<void> {
    await this.#connection.persist('file.delete', { opId: newId(this.#random), path, recursive: true });
    this.#drop(path);
    this.#publish();
  }

  /** Follows new entries of the trail. */
  apply(entries: readonly TrailEntry[]): void {
    let again = false;
    for (const entry of entries) {
      switch (entry.kind) {
        case 'created':
          if (entry.type) this.#insert({ path: entry.path, type: entry.type, linkTarget: entry.linkTarget });
          break;
        case 'deleted':
          this.#drop(entry.path);
          break;
        case 'renamed':
          this.#followRename(entry);
          break;
        case 'gap_closed':
          again = true;
          break;
      }
    }
    this.#publish();
    if (again) this.refresh();
  }

  [Symbol.dispose](): void {
    this.#ending[Symbol.dispose]();
  }

  async #list(path: WirePath): Promise<{ entries: FileEntry[]; complete: boolean }> {
    const entries: FileEntry[] = [];
    for (let after: WirePath | null = null; ; ) {
      const page: { entries: FileEntry[]; next: WirePath | null } = await this.#connection.persist('file.list', {
        path,
        after,
      });
      entries.push(...page.entries);
      if (page.next === null) return { entries, complete: true };
      if (entries.length >= limits.treeFolderEntriesMax) return { entries, complete: false };
      after = page.next;
    }
  }

  #replaceChildren(folder: Node, entries: readonly FileEntry[]): void {
    const before = folder.children;
    folder.children = new Map();
    for (const { path, type, linkTarget } of entries) {
      const known = before.get(path);
      const node = known?.type === type ? known : newNode({ path, type, linkTarget });
      folder.children.set(path, node);
    }
  }

  #put(item: { path: WirePath; type: FileType; linkTarget: string | null }): void {
    this.#insert(item);
    this.#publish();
  }

  #insert(item: { path: WirePath; type: FileType; linkTarget: string | null }): void {
    const parent = this.#parentOf(item.path);
    if (!parent || parent.folder.kind === 'unread' || isOurs(item.path)) return;
    if (parent.children.get(item.path)?.type !== item.type) parent.children.set(item.path, newNode(item));
  }

  #drop(path: WirePath): void {
    this.#parentOf(path)?.children.delete(path);
  }

  #followRename(entry: TrailEntry): void {
    if (entry.previousPath !== null) this.#rename(entry.previousPath, entry.path);
    if (entry.type) this.#insert({ path: entry.path, type: entry.type, linkTarget: entry.linkTarget });
  }

  #rename(from: WirePath, to: WirePath): void {
    const node = this.#find(from);
    if (!node || from === rootPath) return;
    this.#drop(from);
    const parent = this.#parentOf(to);
    if (!parent || parent.folder.kind === 'unread') return;
    parent.children.set(to, movedNode(node, { path: to, previousPath: from }));
  }

  #parentOf(path: WirePath): Node | undefined {
    const parent = parentPath(path);
    return parent === undefined ? undefined : this.#find(parent);
  }

  #find(path: WirePath): Node | undefined {
    let node = this.#root;
    while (node.path !== path) {
      const next = [...ancestry(path, node.path)].map((step) => node.children.get(step)).find(Boolean);
      if (!next) return undefined;
      node = next;
    }
    return node;
  }

  #setFolder(node: Node, folder: FolderState): void {
    node.folder = folder;
    this.#publish();
  }

  #publish(): void {
    this.#snapshot.set({ root: this.#root.folder, items: itemsOf(this.#root) });
  }
}

/** The folder in which Coditect prepares what it writes is none of the person's. */
function isOurs(path: WirePath): boolean {
  return path === '.coditect';
}

/** `path` and the folders above it that lie within `folder`, `folder` itself left out. */
function* ancestry(path: WirePath, folder: WirePath): Generator<WirePath> {
  for (let step: WirePath | undefined = path; step !== undefined && step !== folder; step = parentPath(step)) {
    if (!isWithin(step, folder)) return;
    yield step;
  }
}

function newNode({ path, type, linkTarget }: { path: WirePath; type: FileType; linkTarget: string | null }): Node {
  return { path, type, linkTarget, children: new Map(), folder: { kind: 'unread' } };
}

function folderNode(path: WirePath): Node {
  return newNode({ path, type: 'directory', linkTarget: null });
}

function movedNode(node: Node, rename: { path: WirePath; previousPath: WirePath }): Node {
  const children = new Map<WirePath, Node>();
  for (const child of node.children.values()) {
    const moved = movedNode(child, rename);
    children.set(moved.path, moved);
  }
  return { ...node, path: movedPath(node.path, rename) ?? node.path, children };
}

function itemsOf(folder: Node): TreeItem[] {
  return [...folder.children.values()]
    .map((node) => ({
      path: node.path,
      name: baseName(node.path),
      type: node.type,
      linkTarget: node.linkTarget,
      children: node.type === 'directory' ? itemsOf(node) : null,
      folder: node.folder,
    }))
    .sort((a, b) => Number(b.type === 'directory') - Number(a.type === 'directory') || byName.compare(a.name, b.name));
}
