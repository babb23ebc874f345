import type { BigIntStats } from 'node:fs';
import { closeSync, constants, fstatSync, openSync, readlinkSync } from 'node:fs';
import { CoditectError } from '../../../lib/contracts/errors.ts';
import { limits } from '../../../lib/contracts/limits.ts';

const { O_DIRECTORY, O_NOFOLLOW } = constants;
/** Names a thing without opening it: no FIFO blocks, no device is touched. Node has no name for it. */
const O_PATH = 0o10000000;
const slash = 0x2f;

/** Something in the workspace, or a free name in one of its folders. Its descriptors are open until it is disposed. */
export interface Place extends Disposable {
  /** By which `node:fs` reaches it whatever happens to the folders above it meanwhile. */
  readonly path: Buffer;
  /** The same for its folder; that of the root is the root. */
  readonly folder: Buffer;
  /** What is there; undefined for a free name. */
  readonly found: Found | undefined;
}

export interface Found {
  /** Reaches exactly this thing, also when its name is given to another. A symlink cannot be reached so. */
  readonly path: Buffer;
  readonly stats: BigIntStats;
}

/**
 * The workspace's tree, of which no path leads out. A path is walked one name at a time from the root's descriptor,
 * each name opened without following it; symlinks are followed here, `..` goes back along the descriptors held. So
 * every step is taken from the very folder that was looked at, however a user swaps folders and links meanwhile.
 */
export class WorkspaceTree implements Disposable {
  readonly #root: number;
  /** The ways in which an absolute symlink may name the root. */
  readonly #rootNames: Buffer[];

  /** @throws ErrnoException when `root` is no folder. */
  constructor(root: string) {
    this.#root = openSync(root, O_PATH | O_DIRECTORY);
    this.#rootNames = [Buffer.from(root), readlinkSync(descriptorPath(this.#root), 'buffer')];
  }

  /**
   * Finds a place by its path. Symlinks to folders are followed on the way, and with `follow` one at the end as well.
   * @throws CoditectError `not_found` without its folder, `forbidden` for a symlink that leads out, `conflict` for a loop.
   */
  locate(path: Uint8Array, { follow }: { follow: boolean }): Place {
    const walk = new Walk(this.#root, this.#rootNames, follow);
    try {
      return walk.go(path);
    } catch (error) {
      walk[Symbol.dispose]();
      throw error;
    }
  }

  [Symbol.dispose](): void {
    closeSync(this.#root);
  }
}

/** `folder/name` for `node:fs`, where the folder is a place's path. */
export function childPath(folder: Buffer, name: Uint8Array): Buffer {
  return Buffer.concat([folder, Buffer.of(slash), name]);
}

/** The name of a place in its folder. */
export function nameOf({ path, folder }: Place): Buffer {
  return path.subarray(folder.length + 1);
}

/** The place of one name in a folder, which is a place's path; a symlink is not followed. */
export function placeIn(folder: Buffer, name: Uint8Array): Place {
  const path = childPath(folder, name);
  const fd = openIfThere(path);
  if (fd === undefined) return { path, folder, found: undefined, [Symbol.dispose]: () => {} };
  const found = { path: descriptorPath(fd), stats: fstatSync(fd, { bigint: true }) };
  return { path, folder, found, [Symbol.dispose]: () => closeSync(fd) };
}

class Walk implements Disposable {
  readonly #root: number;
  readonly #rootNames: Buffer[];
  readonly #follow: boolean;
  /** The folders gone into, the root not counted. */
  readonly #folders: number[] = [];
  #found: number | undefined;
  #linksFollowed = 0;

  constructor(root: number, rootNames: Buffer[], follow: boolean) {
    this.#root = root;
    this.#rootNames = rootNames;
    this.#follow = follow;
  }

  go(path: Uint8Array): Place {
    const names = split(path);
    for (let name = names.shift(); name !== undefined; name = names.shift()) {
      if (name.length === 0 || name.equals(Buffer.from('.'))) continue;
      if (name.equals(Buffer.from('..'))) this.#leave();
      else {
        const place = this.#enter(name, names);
        if (place) return place;
      }
    }
    const stats = fstatSync(this.#folder, { bigint: true });
    const own = descriptorPath(this.#folder);
    return this.#place({ path: own, folder: own, found: { path: own, stats } });
  }

  [Symbol.dispose](): void {
    for (const folder of this.#folders.splice(0)) closeSync(folder);
    if (this.#found !== undefined) closeSync(this.#found);
    this.#found = undefined;
  }

  get #folder(): number {
    return this.#folders.at(-1) ?? this.#root;
  }

  #leave(): void {
    const folder = this.#folders.pop();
    if (folder === undefined) throw leadsOut();
    closeSync(folder);
  }

  /** Goes one name further; the place, when that was the last one. `rest` is changed when a symlink is followed. */
  #enter(name: Buffer, rest: Buffer[]): Place | undefined {
    const folder = descriptorPath(this.#folder);
    const path = childPath(folder, name);
    const last = rest.length === 0;
    const fd = openIfThere(path);
    if (fd === undefined) {
      if (last) return this.#place({ path, folder, found: undefined });
      throw new CoditectError('not_found', 'There is no such folder');
    }
    this.#found = fd;
    const stats = fstatSync(fd, { bigint: true });
    if (stats.isSymbolicLink() && (!last || this.#follow)) {
      this.#followLink(path, rest);
      return undefined;
    }
    if (last) return this.#place({ path, folder, found: { path: descriptorPath(fd), stats } });
    if (!stats.isDirectory()) throw new CoditectError('not_found', 'A part of the path is not a folder');
    this.#folders.push(fd);
    this.#found = undefined;
    return undefined;
  }

  #followLink(path: Buffer, rest: Buffer[]): void {
    this.#linksFollowed += 1;
    if (this.#linksFollowed > limits.symlinksFollowedMax)
      throw new CoditectError('conflict', 'The symlinks of this path lead in a circle');
    if (this.#found !== undefined) closeSync(this.#found);
    this.#found = undefined;
    const target = readlinkSync(path, 'buffer');
    if (target[0] !== slash) return void rest.unshift(...split(target));
    const root = this.#rootNames.find((name) => startsWithFolder(target, name));
    if (!root) throw leadsOut();
    while (this.#folders.length > 0) this.#leave();
    rest.unshift(...split(target.subarray(root.length)));
  }

  #place(place: Omit<Place, typeof Symbol.dispose>): Place {
    return { ...place, [Symbol.dispose]: () => this[Symbol.dispose]() };
  }
}

function openIfThere(path: Buffer): number | undefined {
  try {
    return openSync(path, O_PATH | O_NOFOLLOW);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

function descriptorPath(fd: number): Buffer {
  return Buffer.from(`/proc/self/fd/${fd}`);
}

function split(path: Uint8Array): Buffer[] {
  const names: Buffer[] = [];
  let start = 0;
  for (let at = 0; at <= path.length; at += 1) {
    if (at < path.length && path[at] !== slash) continue;
    names.push(Buffer.from(path.subarray(start, at)));
    start = at + 1;
  }
  return names;
}

function startsWithFolder(path: Buffer, folder: Buffer): boolean {
  return (
    path.subarray(0, folder.length).equals(folder) && (path.length === folder.length || path[folder.length] === slash)
  );
}

function leadsOut(): CoditectError {
  return new CoditectError('forbidden', 'This is a symlink that leads out of the workspace');
}
