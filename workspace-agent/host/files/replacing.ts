import type { FileHandle } from 'node:fs/promises';
import { type Clock, delay } from '../../../lib/base/clock.ts';
import { CoditectError } from '../../../lib/contracts/errors.ts';
import { limits } from '../../../lib/contracts/limits.ts';
import { decodePath, type WirePath } from '../../../lib/contracts/path.ts';
import type { BaseHash } from '../../../lib/contracts/protocol/files.ts';
import { hasWriter, renameAtomically } from '../system-calls.ts';
import { hashFile, openFound, permissionsOf, regularFile } from './content.ts';
import { isSystemError } from './file-errors.ts';
import { type Intent, syncFolder, writeIntent } from './staging.ts';
import { childPath, nameOf, type Place, placeIn, type WorkspaceTree } from './tree.ts';

export interface Replacement {
  path: WirePath;
  baseHash: BaseHash;
  /** The new content: an open file in the staging folder, complete. */
  staged: { folder: Buffer; name: string; handle: FileHandle; sha256: string };
  /** Called when the staged name has come to hold something that was in place, whether or not the write succeeds. */
  exchanged(note: Intent): void;
}

/** A thing as it was found under a name: enough to know it again. */
export interface Sighting {
  inode: bigint;
  /** Undefined when it is no regular file. */
  sha256: string | undefined;
  /** Some program still has it open for writing. */
  written: boolean;
}

const newFileMode = 0o644;
const exchangesMax = 100;

/**
 * Puts staged content in its place, if that holds `baseHash`. The old content is taken out in the same step and looked
 * at afterwards, when no path leads to it any more; if it is not what the caller believed, it goes back. So nothing
 * that any program writes at any moment is lost; what was taken out has the staged name when this returns.
 * @returns whether anything was written: false when the file had this content already
 * @throws CoditectError `stale_write` with the hash met in `facts.sha256`, or `absent`; `conflict` while a program has
 * the file open for writing.
 */
export async function replaceFile(tree: WorkspaceTree, clock: Clock, replacement: Replacement): Promise<boolean> {
  const { path, baseHash, staged } = replacement;
  const place = tree.locate(decodePath(path), { follow: true });
  try {
    if (place.found) {
      const current = await hashOf(place);
      if (current === staged.sha256) return false;
      if (baseHash !== 'any' && baseHash !== current) throw staleWrite(current);
      await keepAttributes(staged.handle, place);
      await staged.handle.sync();
      await exchange(place, clock, replacement);
    } else {
      if (baseHash !== 'any' && baseHash !== 'absent') throw staleWrite(undefined);
      await staged.handle.chmod(newFileMode);
      await staged.handle.sync();
      await create(place, staged);
    }
    await syncFolder(place.folder);
    return true;
  } finally {
    place[Symbol.dispose]();
  }
}

/** The refusal of a change to content that is not there; `met` undefined stands for no file. */
export function staleWrite(met: string | undefined): CoditectError {
  const detail = met === undefined ? 'The file is no longer there' : 'The file was changed meanwhile';
  return new CoditectError('stale_write', detail, { facts: { sha256: met ?? 'absent' } });
}

/** Looks at what has a name in the staging folder, once no program writes it any more or after a short wait. */
export async function look(folder: Buffer, name: string, clock: Clock): Promise<Sighting> {
  const place = placeIn(folder, Buffer.from(name));
  try {
    if (!place.found) throw new CoditectError('internal', 'What was staged is gone');
    const inode = place.found.stats.ino;
    if (!place.found.stats.isFile()) return { inode, sha256: undefined, written: false };
    const file = await openFound(place.found);
    try {
      const written = !(await writersLeave(file, clock));
      return { inode, sha256: await hashFile(file), written };
    } finally {
      await file.close();
    }
  } finally {
    place[Symbol.dispose]();
  }
}

async function writersLeave(file: FileHandle, clock: Clock): Promise<boolean> {
  const end = clock.monotonic() + limits.fileWriterWaitMsMax;
  for (let waitMs = 1; hasWriter(file.fd); waitMs *= 2) {
    if (clock.monotonic() >= end) return false;
    await delay(clock, waitMs);
  }
  return true;
}

async function hashOf(place: Place): Promise<string> {
  const file = await openFound(regularFile(place));
  return hashFile(file).finally(() => file.close());
}

async function keepAttributes(handle: FileHandle, { found }: Place): Promise<void> {
  if (!found) return;
  const { uid, gid } = found.stats;
  // Another's file in a folder of the user's own: it becomes the user's, as with every editor that replaces files.
  await handle.chown(Number(uid), Number(gid)).catch((error) => {
    if (!isSystemError(error, 'EPERM')) throw error;
  });
  await handle.chmod(permissionsOf(found.stats));
}

async function create(place: Place, { folder, name }: Replacement['staged']): Promise<void> {
  try {
    renameAtomically(childPath(folder, Buffer.from(name)), place.path, 'keep');
  } catch (error) {
    if (!isSystemError(error, 'EEXIST')) throw error;
    const taken = placeIn(place.folder, nameOf(place));
    try {
      throw staleWrite(await hashOf(taken));
    } finally {
      taken[Symbol.dispose]();
    }
  }
}

async function exchange(place: Place, clock: Clock, replacement: Replacement): Promise<void> {
  const { path, baseHash, staged } = replacement;
  const stagedPath = childPath(staged.folder, Buffer.from(staged.name));
  const ours: Sighting = {
    inode: (await staged.handle.stat({ bigint: true })).ino,
    sha256: staged.sha256,
    written: false,
  };
  // A lease is only granted on a file that nobody has open for writing, ourselves included.
  await staged.handle.close();
  const note = { path, baseHash, sha256: staged.sha256 };
  await writeIntent(staged.folder, staged.name, note);
  try {
    renameAtomically(stagedPath, place.path, 'exchange');
  } catch (error) {
    throw isSystemError(error, 'ENOENT') ? staleWrite(undefined) : error;
  }
  const met = await look(staged.folder, staged.name, clock);
  if (met.sha256 !== undefined && (baseHash === 'any' || (met.sha256 === baseHash && !met.written)))
    return replacement.exchanged(note);
  await putBack({ stagedPath, staged, place, clock, displaced: met, inPlace: ours });
  // The staged content was in place for a moment, and may have been opened there.
  const opposite = { path, baseHash: staged.sha256, sha256: met.sha256 ?? null };
  await writeIntent(staged.folder, staged.name, opposite);
  replacement.exchanged(opposite);
  if (met.sha256 === baseHash)
    throw new CoditectError(
      'conflict',
      'Another program has this file open for writing; try again when it has closed it',
    );
  if (met.sha256 === undefined) throw new CoditectError('conflict', 'Something else was put in the place of the file');
  throw staleWrite(met.sha256);
}

interface PuttingBack {
  stagedPath: Buffer;
  staged: Replacement['staged'];
  place: Place;
  clock: Clock;
  /** What lies in the staging folder and belongs in place. */
  displaced: Sighting;
  /** What was put in place by us. */
  inPlace: Sighting;
}

/**
 * Exchanges back. What comes out must be exactly what was put in; else a program has written there meanwhile, and its
 * content, being newer, is what belongs in place: so again, until what comes out is known.
 */
async function putBack({ stagedPath, staged, place, clock, ...sightings }: PuttingBack): Promise<void> {
  let { displaced, inPlace } = sightings;
  for (let count = 0; count < exchangesMax; count += 1) {
    try {
      renameAtomically(stagedPath, place.path, 'exchange');
    } catch (error) {
      // Deleted meanwhile: that was the last word of whoever did it.
      if (isSystemError(error, 'ENOENT')) return;
      throw error;
    }
    const out = await look(staged.folder, staged.name, clock);
    if (out.inode === inPlace.inode && out.sha256 === inPlace.sha256 && !out.written) return;
    [inPlace, displaced] = [displaced, out];
  }
  throw new CoditectError('conflict', 'Another program writes this file all the time');
}
