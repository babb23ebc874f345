import { parentOf, type RawPath } from '../raw-path.ts';

/** A folder that is watched, or that leads to one. Its path follows from its place, so a rename moves all below it. */
interface Folder {
  name: string;
  parent: Folder | undefined;
  children: Map<string, Folder>;
  watch: number | undefined;
}

/** Which watch stands for which folder, through renames. */
export class FolderTree {
  #root: Folder = { name: '', parent: undefined, children: new Map(), watch: undefined };
  #byWatch = new Map<number, Folder>();

  get size(): number {
    return this.#byWatch.size;
  }

  /** The folder's present path; undefined when the watch is unknown or its folder has left the tree. */
  pathOf(watch: number): RawPath | undefined {
    const names: string[] = [];
    let folder = this.#byWatch.get(watch);
    for (; folder?.parent; folder = folder.parent) names.push(folder.name);
    return folder === this.#root ? names.reverse().join('/') : undefined;
  }

  watchOf(path: RawPath): number | undefined {
    return this.#find(path)?.watch;
  }

  /**
   * Says that `watch` is the folder at `path`. The kernel gives one number per inode, so it may have been elsewhere.
   * Answers the watch of another folder that was at the path before, which nobody needs any more.
   */
  set(path: RawPath, watch: number): number | undefined {
    const known = this.#byWatch.get(watch);
    const place = this.#ensure(path);
    if (known === place) return undefined;
    if (known) {
      known.watch = undefined;
      // What is below moved with it: it is the same folder.
      for (const [name, child] of known.children) this.#attach(child, place, name);
      known.children.clear();
    }
    const replaced = place.watch;
    if (replaced !== undefined) this.#byWatch.delete(replaced);
    place.watch = watch;
    this.#byWatch.set(watch, place);
    return replaced;
  }

  move(from: RawPath, to: RawPath): void {
    const folder = this.#find(from);
    if (!folder?.parent) return;
    this.remove(to);
    folder.parent.children.delete(folder.name);
    this.#attach(folder, this.#ensure(parentOf(to)), to.slice(to.lastIndexOf('/') + 1));
  }

  /** Takes the folder and all below it out; answers their watches. */
  remove(path: RawPath): number[] {
    const folder = this.#find(path);
    if (!folder) return [];
    folder.parent?.children.delete(folder.name);
    const watches: number[] = [];
    const pending = [folder];
    for (let next = pending.pop(); next; next = pending.pop()) {
      if (next.watch !== undefined) watches.push(next.watch);
      pending.push(...next.children.values());
    }
    for (const watch of watches) this.#byWatch.delete(watch);
    if (folder === this.#root) {
      folder.children.clear();
      folder.watch = undefined;
    } else folder.parent = undefined;
    return watches;
  }

  /** The kernel dropped the watch: its folder is gone, or was moved over. */
  forget(watch: number): void {
    const folder = this.#byWatch.get(watch);
    this.#byWatch.delete(watch);
    if (folder?.watch !== watch) return;
    folder.watch = undefined;
    if (folder.children.size === 0 && folder.parent?.children.get(folder.name) === folder)
      folder.parent.children.delete(folder.name);
  }

  #find(path: RawPath): Folder | undefined {
    if (path === '') return this.#root;
    let folder: Folder | undefined = this.#root;
    for (const name of path.split('/')) folder = folder?.children.get(name);
    return folder;
  }

  #ensure(path: RawPath): Folder {
    let folder = this.#root;
    if (path === '') return folder;
    for (const name of path.split('/')) {
      let child = folder.children.get(name);
      if (!child) {
        child = { name, parent: folder, children: new Map(), watch: undefined };
        folder.children.set(name, child);
      }
      folder = child;
    }
    return folder;
  }

  #attach(folder: Folder, parent: Folder, name: string): void {
    folder.name = name;
    folder.parent = parent;
    parent.children.set(name, folder);
  }
}
