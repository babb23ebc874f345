import { createHash } from 'node:crypto';
import { type BigIntStats, lstatSync, readlinkSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { CoditectError } from '../../../lib/contracts/errors.ts';
import { limits } from '../../../lib/contracts/limits.ts';
import { decodePath, encodePath, type WirePath } from '../../../lib/contracts/path.ts';
import type { FileEntry, fileMethods } from '../../../lib/contracts/protocol/files.ts';
import type { ParamsOf, ResultOf } from '../../../lib/contracts/protocol/method.ts';
import { hashFile, openFound, permissionsOf, regularFile, stampOf } from './content.ts';
import { isSystemError } from './file-errors.ts';
import { childPath, type WorkspaceTree } from './tree.ts';

type Methods = typeof fileMethods;

/** One page of a folder, in byte order of the names. Names that vanish meanwhile are left out. */
export async function listFolder(
  tree: WorkspaceTree,
  { path, after, limit }: ParamsOf<Methods['file.list']>,
): Promise<ResultOf<Methods['file.list']>> {
  const folder = decodePath(path);
  const place = tree.locate(folder, { follow: true });
  try {
    if (!place.found) throw new CoditectError('not_found', 'There is no such folder');
    if (!place.found.stats.isDirectory()) throw new CoditectError('conflict', 'This is not a folder');
    const afterName = after === null ? undefined : nameBelow(folder, decodePath(after));
    const names = (await readdir(place.found.path, { encoding: 'buffer' }))
      .filter((name) => !afterName || Buffer.compare(name, afterName) > 0)
      .sort(Buffer.compare);
    const entries: FileEntry[] = [];
    let bytes = 0;
    let taken = 0;
    while (taken < names.length && entries.length < limit && bytes < limits.fileListBytesMax) {
      const name = names[taken++] ?? Buffer.alloc(0);
      const entryPath = folder.length === 0 ? encodePath(name) : encodePath(childPath(Buffer.from(folder), name));
      const entry = entryIfThere(entryPath, childPath(place.found.path, name));
      if (!entry) continue;
      entries.push(entry);
      bytes += entry.path.length + (entry.linkTarget?.length ?? 0);
    }
    const last = entries.at(-1)?.path;
    return { entries, next: taken < names.length && last !== undefined ? last : null };
  } finally {
    place[Symbol.dispose]();
  }
}

/** The last segment of `path`, which must lie directly in `folder`. */
function nameBelow(folder: Uint8Array, path: Uint8Array): Buffer {
  const start = folder.length === 0 ? 0 : folder.length + 1;
  const name = Buffer.from(path.subarray(start));
  const inFolder =
    folder.length === 0 || Buffer.from(path.subarray(0, start)).equals(Buffer.concat([folder, Buffer.from('/')]));
  if (!inFolder || name.length === 0 || name.includes('/'))
    throw new CoditectError('invalid_request', 'after: must name something in this folder', { field: 'after' });
  return name;
}

function entryIfThere(path: WirePath, at: Buffer): FileEntry | undefined {
  try {
    return entryOf(path, at, lstatSync(at, { bigint: true }));
  } catch (error) {
    if (isSystemError(error, 'ENOENT', 'EINVAL')) return undefined;
    throw error;
  }
}

function entryOf(path: WirePath, at: Buffer, stats: BigIntStats): FileEntry {
  const isLink = stats.isSymbolicLink();
  return {
    path,
    type: stats.isFile() ? 'file' : stats.isDirectory() ? 'directory' : isLink ? 'symlink' : 'other',
    mode: permissionsOf(stats),
    size: Number(stats.size),
    modifiedAt: Number(stats.mtimeMs),
    linkTarget: isLink ? encodePath(readlinkSync(at, 'buffer')) : null,
  };
}

/** One entry, itself and not what it links to; its hash is that of the file a link leads to. */
export async function statEntry(
  tree: WorkspaceTree,
  { path, hash }: ParamsOf<Methods['file.stat']>,
): Promise<ResultOf<Methods['file.stat']>> {
  const place = tree.locate(decodePath(path), { follow: false });
  try {
    if (!place.found) throw new CoditectError('not_found', 'There is no such file or folder');
    const entry = entryOf(path, place.path, place.found.stats);
    const hashable = hash && (entry.type === 'file' || entry.type === 'symlink');
    return { ...entry, sha256: hashable ? await hashAt(tree, path) : null };
  } finally {
    place[Symbol.dispose]();
  }
}

/** Null when the path, its symlink followed, is no regular file. */
async function hashAt(tree: WorkspaceTree, path: WirePath): Promise<string | null> {
  const place = tree.locate(decodePath(path), { follow: true });
  try {
    if (!place.found?.stats.isFile()) return null;
    const file = await openFound(place.found);
    try {
      return await hashFile(file);
    } finally {
      await file.close();
    }
  } finally {
    place[Symbol.dispose]();
  }
}

/** A range of a regular file, and a stamp by which the next range notices a change. */
export async function readRange(
  tree: WorkspaceTree,
  { path, offset, length, stamp }: ParamsOf<Methods['file.read']>,
): Promise<ResultOf<Methods['file.read']>> {
  const place = tree.locate(decodePath(path), { follow: true });
  try {
    const file = await openFound(regularFile(place));
    try {
      const before = await file.stat({ bigint: true });
      const size = Number(before.size);
      const buffer = Buffer.alloc(Math.max(0, Math.min(length, size - offset)));
      let filled = 0;
      while (filled < buffer.length) {
        const { bytesRead } = await file.read(buffer, filled, buffer.length - filled, offset + filled);
        if (bytesRead === 0) break;
        filled += bytesRead;
      }
      const now = stampOf(await file.stat({ bigint: true }));
      if (now !== stampOf(before) || (stamp !== null && stamp !== now))
        throw new CoditectError('conflict', 'The file changed while it was being read; read it from its beginning');
      const whole = offset === 0 && filled === size;
      const sha256 = whole ? createHash('sha256').update(buffer).digest('hex') : null;
      return { bytes: buffer, size, stamp: now, sha256, mode: permissionsOf(before) };
    } finally {
      await file.close();
    }
  } finally {
    place[Symbol.dispose]();
  }
}
