import { mkdirSync } from 'node:fs';
import { open, readdir, readFile, rm, unlink, writeFile } from 'node:fs/promises';
import { z } from 'zod';
import { CoditectError } from '../../../lib/contracts/errors.ts';
import { sha256Hex } from '../../../lib/contracts/ids.ts';
import { decodePath, wireEntryPath } from '../../../lib/contracts/path.ts';
import { type BaseHash, baseHash } from '../../../lib/contracts/protocol/files.ts';
import { hashFile, openFound } from './content.ts';
import { isSystemError } from './file-errors.ts';
import { renameAtomically } from './system-calls.ts';
import { childPath, type Place, placeIn, type WorkspaceTree } from './tree.ts';

const folders = [
  { path: Buffer.from('.coditect'), mode: 0o755 },
  { path: Buffer.from('.coditect/tmp'), mode: 0o700 },
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

/** The folder on the workspace's own volume where content waits to be put in place; made when it is not there. */
export class Staging {
  readonly #tree: WorkspaceTree;

  constructor(tree: WorkspaceTree) {
    this.#tree = tree;
  }

  /** @throws CoditectError `conflict` when the user has put something else in its way. */
  folder(): Place & { found: NonNullable<Place['found']> } {
    for (const { path, mode } of folders) this.#make(path, mode);
    const place = this.#tree.locate(Buffer.from('.coditect/tmp'), { follow: false });
    if (place.found?.stats.isDirectory()) return { ...place, found: place.found };
    place[Symbol.dispose]();
    throw inTheWay();
  }

  /** Puts back what a host that died had taken out unduly, then empties the folder. For the start alone. */
  async recover(): Promise<void> {
    const folder = this.folder();
    try {
      const names = await readdir(folder.found.path, { encoding: 'buffer' });
      for (const name of names) if (name.toString().endsWith(intentSuffix)) await this.#settle(folder.found.path, name);
      for (const name of names) await rm(childPath(folder.found.path, name), { recursive: true, force: true });
    } finally {
      folder[Symbol.dispose]();
    }
  }

  #make(path: Buffer, mode: number): void {
    const place = this.#tree.locate(path, { follow: false });
    try {
      if (!place.found) mkdirSync(place.path, { mode });
      else if (!place.found.stats.isDirectory()) throw inTheWay();
    } catch (error) {
      if (!isSystemError(error, 'EEXIST')) throw error;
    } finally {
      place[Symbol.dispose]();
    }
  }

  async #settle(folder: Buffer, intentName: Buffer): Promise<void> {
    const read = intent.safeParse(await readJson(childPath(folder, intentName)));
    if (!read.success) return;
    const { path, baseHash: expected, sha256 } = read.data;
    const name = intentName.subarray(0, intentName.length - intentSuffix.length);
    if (expected === 'any') return;
    const taken = await hashOfPlace(placeIn(folder, name));
    if (taken === undefined || taken === expected || taken === sha256) return;
    const place = this.#tree.locate(decodePath(path), { follow: true });
    try {
      const inPlace = await hashOfPlace(placeIn(place.folder, place.path.subarray(place.folder.length + 1)));
      if (inPlace === (sha256 ?? undefined))
        renameAtomically(childPath(folder, name), place.path, sha256 === null ? 'keep' : 'exchange');
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
