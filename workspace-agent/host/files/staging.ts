import { mkdirSync, writeFileSync } from 'node:fs';
import { open, readdir, readFile, rm, unlink, writeFile } from 'node:fs/promises';
import { z } from 'zod';
import type { Clock } from '../../../lib/base/clock.ts';
import { CoditectError } from '../../../lib/contracts/errors.ts';
import { sha256Hex } from '../../../lib/contracts/ids.ts';
import { limits } from '../../../lib/contracts/limits.ts';
import { decodePath, type WirePath, wireEntryPath } from '../../../lib/contracts/path.ts';
import { type BaseHash, baseHash } from '../../../lib/contracts/protocol/files.ts';
import { renameAtomically } from '../system-calls.ts';
import { hashFile, openFound } from './content.ts';
import { isSystemError } from './file-errors.ts';
import { childPath, type Found, nameOf, type Place, placeIn, type WorkspaceTree } from './tree.ts';

const folders = [
  { path: Buffer.from('.coditect'), mode: 0o755, hidden: false },
  { path: Buffer.from('.coditect/tmp'), mode: 0o700, hidden: true },
];
const intentSuffix = '.intent';

/** Something taken out of its place to be looked at, so that a host that dies meanwhile can put it back. */
const intent = z.object({
  path: wireEntryPath,
  /** What was expected to be taken out. */
  baseHash,
  /** What was put there in exchange; null for nothing. */
  sha256: sha256Hex.nullable(),
});
export type Intent = z.infer<typeof intent> & { baseHash: BaseHash };

export interface StagingOptions {
  tree: WorkspaceTree;
  clock: Clock;
  onFault(error: unknown, what: string): void;
}

export type StagingFolder = Place & { found: Found };

/** The folder on the workspace's own volume where content waits to be put in place; made when it is not there. */
export class Staging {
  readonly #options: StagingOptions;
  /** What was taken out and waits for late writers, by its name here. */
  readonly #kept = new Map<string, { note: Intent; look(): Promise<void>; end(): Promise<void> }>();

  constructor(options: StagingOptions) {
    this.#options = options;
  }

  /** @throws CoditectError `conflict` when the user has put something else in its way. */
  folder(): StagingFolder {
    for (const each of folders) this.#make(each);
    const place = this.#options.tree.locate(Buffer.from('.coditect/tmp'), { follow: false });
    if (place.found?.stats.isDirectory()) return { ...place, found: place.found };
    place[Symbol.dispose]();
    throw inTheWay();
  }

  /** Puts back what a host that died had taken out unduly, then empties the folder. For the start alone. */
  async recover(): Promise<void> {
    const folder = this.folder();
    try {
      const names = await readdir(folder.found.path, { encoding: 'buffer' });
      for (const name of names.map(String))
        if (name.endsWith(intentSuffix)) await this.#settle(folder.found.path, name.slice(0, -intentSuffix.length));
      for (const name of names) await rm(childPath(folder.found.path, name), { recursive: true, force: true });
    } finally {
      folder[Symbol.dispose]();
    }
  }

  /**
   * Keeps what was taken out under `name`, with its note, for a moment, then removes it. A program that had opened it
   * just before may still write to it; then that content is the newer one, and goes in place. Disposes `folder`.
   */
  keep(folder: StagingFolder, name: string, note: Intent): void {
    const end = async () => {
      timer[Symbol.dispose]();
      this.#kept.delete(name);
      try {
        await this.#settle(folder.found.path, name);
        await discard(folder.found.path, name);
      } catch (error) {
        this.#options.onFault(error, 'What was replaced could not be looked at again');
      } finally {
        folder[Symbol.dispose]();
      }
    };
    const timer = this.#options.clock.after(limits.fileReplacedKeptMs, () => void end());
    this.#kept.set(name, { note, look: () => this.#settle(folder.found.path, name), end });
    if (this.#kept.size > limits.fileReplacedKeptMax) void this.#kept.values().next().value?.end();
  }

  /** Looks at once at what is kept of `path`: a late writer comes before whatever is done to the file next. */
  async lookAgain(path: WirePath): Promise<void> {
    for (const { note, look } of [...this.#kept.values()]) if (note.path === path) await look();
  }

  async close(): Promise<void> {
    await Promise.all([...this.#kept.values()].map(({ end }) => end()));
  }

  #make({ path, mode, hidden }: (typeof folders)[number]): void {
    const place = this.#options.tree.locate(path, { follow: false });
    try {
      if (place.found && !place.found.stats.isDirectory()) throw inTheWay();
      if (place.found) return;
      mkdirSync(place.path, { mode });
      // What waits here is nothing for a person's `git status`.
      if (!hidden) writeFileSync(childPath(place.path, Buffer.from('.gitignore')), '*\n', { flag: 'wx' });
    } catch (error) {
      if (!isSystemError(error, 'EEXIST')) throw error;
    } finally {
      place[Symbol.dispose]();
    }
  }

  async #settle(folder: Buffer, name: string): Promise<void> {
    const read = intent.safeParse(await readJson(childPath(folder, Buffer.from(name + intentSuffix))));
    if (!read.success) return;
    const { path, baseHash: expected, sha256 } = read.data;
    if (expected === 'any') return;
    const taken = await hashOfPlace(placeIn(folder, Buffer.from(name)));
    if (taken === undefined || taken === expected || taken === sha256) return;
    const place = this.#options.tree.locate(decodePath(path), { follow: true });
    try {
      const from = childPath(folder, Buffer.from(name));
      if (sha256 === null && !place.found) return renameAtomically(from, place.path, 'keep');
      if (sha256 === null || (await hashOfPlace(placeIn(place.folder, nameOf(place)))) !== sha256) return;
      renameAtomically(from, place.path, 'exchange');
      // Replaced between the look and the exchange: that was newer still.
      if ((await hashOfPlace(placeIn(folder, Buffer.from(name)))) !== sha256)
        renameAtomically(from, place.path, 'exchange');
    } finally {
      place[Symbol.dispose]();
    }
  }
}

/** Notes what is about to be taken out under the name `name`. It survives this process, if not the machine. */
export async function writeIntent(folder: Buffer, name: string, content: Intent): Promise<void> {
  await writeFile(childPath(folder, Buffer.from(name + intentSuffix)), JSON.stringify(content));
}

/** Removes what is staged under `name`, with its note. */
export async function discard(folder: Buffer, name: string): Promise<void> {
  for (const each of [name, name + intentSuffix])
    await unlink(childPath(folder, Buffer.from(each))).catch((error) => {
      if (!isSystemError(error, 'ENOENT')) throw error;
    });
}

/** Makes the names in a folder durable. */
export async function syncFolder(folder: Buffer): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function readJson(path: Buffer): Promise<unknown> {
  try {
    return JSON.parse(await readFile(path, 'utf8'));
  } catch {
    // Cut off in the middle of writing it: nothing had been taken out yet.
    return undefined;
  }
}

/** Undefined when there is no regular file. Disposes the place. */
async function hashOfPlace(place: Place): Promise<string | undefined> {
  try {
    if (!place.found?.stats.isFile()) return undefined;
    const file = await openFound(place.found);
    return await hashFile(file).finally(() => file.close());
  } finally {
    place[Symbol.dispose]();
  }
}

function inTheWay(): CoditectError {
  return new CoditectError(
    'conflict',
    'Something stands where the workspace keeps its folder .coditect/tmp; move it away',
  );
}
