import { mkdirSync, rmdirSync, unlinkSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import type { Clock } from '../../../lib/base/clock.ts';
import { CoditectError } from '../../../lib/contracts/errors.ts';
import { decodePath } from '../../../lib/contracts/path.ts';
import type { fileMethods } from '../../../lib/contracts/protocol/files.ts';
import type { ParamsOf } from '../../../lib/contracts/protocol/method.ts';
import { renameAtomically } from '../system-calls.ts';
import { hashFile, openFound, regularFile } from './content.ts';
import { isSystemError } from './file-errors.ts';
import { look, staleWrite } from './replacing.ts';
import { discard, type Staging, syncFolder, writeIntent } from './staging.ts';
import { childPath, type Place, type WorkspaceTree } from './tree.ts';

type Params<Name extends keyof typeof fileMethods> = ParamsOf<(typeof fileMethods)[Name]>;

export interface ChangingOptions {
  tree: WorkspaceTree;
  staging: Staging;
  clock: Clock;
  /** Something that was removed could not be cleared away; nobody waits for it. */
  onFault(error: unknown, what: string): void;
}

export async function createFolder({ tree }: ChangingOptions, { path }: Params<'file.create_folder'>): Promise<void> {
  const place = tree.locate(decodePath(path), { follow: false });
  try {
    mkdirSync(place.path);
    await syncFolder(place.folder);
  } finally {
    place[Symbol.dispose]();
  }
}

/** Renames, symlinks themselves and not what they lead to; never replaces. */
export async function move({ tree }: ChangingOptions, { from, to }: Params<'file.move'>): Promise<void> {
  const source = tree.locate(decodePath(from), { follow: false });
  try {
    if (!source.found) throw new CoditectError('not_found', 'There is no such file or folder');
    const target = tree.locate(decodePath(to), { follow: false });
    try {
      renameAtomically(source.path, target.path, 'keep');
      await syncFolder(target.folder);
      await syncFolder(source.folder);
    } finally {
      target[Symbol.dispose]();
    }
  } finally {
    source[Symbol.dispose]();
  }
}

/** Removes one thing; a folder that is not empty only with `recursive`. */
export async function remove(options: ChangingOptions, params: Params<'file.delete'>): Promise<void> {
  const { path, recursive, baseHash } = params;
  const place = options.tree.locate(decodePath(path), { follow: false });
  try {
    if (!place.found) throw new CoditectError('not_found', 'There is no such file or folder');
    if (baseHash !== 'any') await removeIfUnchanged(options, place, params);
    else if (!place.found.stats.isDirectory()) unlinkSync(place.path);
    else if (recursive) removeTree(options, place, params);
    else rmdirSync(place.path);
    await syncFolder(place.folder);
  } finally {
    place[Symbol.dispose]();
  }
}

/** Takes the file out first and looks at it then, so that what is removed is what was looked at. */
async function removeIfUnchanged(
  { staging, clock }: ChangingOptions,
  place: Place,
  { opId, path, baseHash }: Params<'file.delete'>,
): Promise<void> {
  const file = await openFound(regularFile(place));
  const current = await hashFile(file).finally(() => file.close());
  if (current !== baseHash) throw staleWrite(current);
  const folder = staging.folder();
  const taken = childPath(folder.found.path, Buffer.from(opId));
  try {
    const note = { path, baseHash, sha256: null };
    await writeIntent(folder.found.path, opId, note);
    renameAtomically(place.path, taken, 'keep');
    const met = await look(folder.found.path, opId, clock);
    if (met.sha256 === baseHash && !met.written) return staging.keep(folder, opId, note);
    putBackUnlessTaken(taken, place.path);
    throw met.sha256 === baseHash
      ? new CoditectError('conflict', 'Another program has this file open for writing; try again when it has closed it')
      : staleWrite(met.sha256);
  } catch (error) {
    await discard(folder.found.path, opId);
    folder[Symbol.dispose]();
    throw error;
  }
}

function putBackUnlessTaken(taken: Buffer, path: Buffer): void {
  try {
    renameAtomically(taken, path, 'keep');
  } catch (error) {
    // A program has made the file anew, and so has overwritten what was here.
    if (!isSystemError(error, 'EEXIST')) throw error;
  }
}

/** Gone in one step; the space comes back a little later. */
function removeTree({ staging, onFault }: ChangingOptions, place: Place, { opId }: Params<'file.delete'>): void {
  const folder = staging.folder();
  const taken = childPath(folder.found.path, Buffer.from(opId));
  try {
    renameAtomically(place.path, taken, 'keep');
  } catch (error) {
    folder[Symbol.dispose]();
    if (isSystemError(error, 'EINVAL'))
      throw new CoditectError('forbidden', 'The workspace needs this folder for its own work', { cause: error });
    throw error;
  }
  rm(taken, { recursive: true, force: true })
    .catch((error) => onFault(error, 'A folder that was deleted could not be cleared away'))
    .finally(() => folder[Symbol.dispose]());
}
