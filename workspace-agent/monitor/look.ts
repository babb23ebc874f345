import { createHash, hash } from 'node:crypto';
import {
  closeSync,
  constants,
  createReadStream,
  fstat,
  fstatSync,
  lstatSync,
  openSync,
  readlinkSync,
  readSync,
  type Stats,
} from 'node:fs';
import { limits } from '../../lib/contracts/limits.ts';
import { encodePath } from '../../lib/contracts/path.ts';
import type { FileType } from '../../lib/contracts/trail.ts';
import type { FileState, Stamp } from './index/tree-index.ts';

/** Times that lie closer together than this may come out the same (the kernel's clock ticks every 4 to 10 ms). */
const clockGrainMs = 20;
// A FIFO put in a file's place must not hold the reader, nor a symlink lead it elsewhere.
const openFlags = constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW;
const buffer = Buffer.allocUnsafeSlow(limits.hashAtOnceBytesMax + 1);

/** What stands at a path: `stats` is undefined when nothing does. */
export type Existence = { kind: 'there'; stats: Stats } | { kind: 'absent' } | { kind: 'unknown' };

/** Looks whether something is at `path`; `unknown` when the folders on the way may not be searched. */
export function exists(path: string | Buffer): Existence {
  try {
    const stats = lstatSync(path, { throwIfNoEntry: false });
    return stats ? { kind: 'there', stats } : { kind: 'absent' };
  } catch (error) {
    const code = codeOf(error);
    return { kind: code === 'ENOTDIR' || code === 'ENAMETOOLONG' || code === 'ELOOP' ? 'absent' : 'unknown' };
  }
}

export function typeOf(stats: Stats): FileType {
  if (stats.isFile()) return 'file';
  if (stats.isDirectory()) return 'directory';
  return stats.isSymbolicLink() ? 'symlink' : 'other';
}

/** `now` is the wall time before the content was read. */
export function stampOf(stats: Stats, now: number): Stamp {
  const { ino, mtimeMs, ctimeMs } = stats;
  return { inode: ino, mtimeMs, ctimeMs, racy: Math.abs(now - ctimeMs) < clockGrainMs };
}

/** Whether the path is as it was when `stamp` was taken. */
export function isSame(stats: Stats, stamp: Stamp & { size: number | null }): boolean {
  return (
    !stamp.racy &&
    stats.ino === stamp.inode &&
    stats.ctimeMs === stamp.ctimeMs &&
    stats.mtimeMs === stamp.mtimeMs &&
    (stamp.size === null || stats.size === stamp.size)
  );
}

/** The state of what is no file. */
export function stateWithoutContent(path: string | Buffer, stats: Stats): FileState | undefined {
  const type = typeOf(stats);
  const state: FileState = {
    type,
    mode: stats.mode & 0o7777,
    size: null,
    sha256: null,
    linkTarget: null,
    unhashed: null,
  };
  if (type !== 'symlink') return state;
  try {
    return { ...state, linkTarget: encodePath(readlinkSync(path, 'buffer')) };
  } catch {
    // Replaced or removed since: to be looked at again.
    return undefined;
  }
}

/** `changed`: it was not the same before and after the reading. */
export type Reading =
  | { kind: 'read'; sha256: string }
  | { kind: 'changed' }
  | { kind: 'unreadable' }
  | { kind: 'too_large' };

/** Reads a small file in one go. `before` is what it was when it was found. */
export function hashAtOnce(path: string | Buffer, before: Stats): Reading {
  let descriptor: number;
  try {
    descriptor = openSync(path, openFlags);
  } catch (error) {
    return failed(error);
  }
  try {
    let length = 0;
    for (let read = -1; read !== 0 && length < buffer.length; length += read)
      read = readSync(descriptor, buffer, length, buffer.length - length, null);
    if (length !== before.size || !isUntouched(before, fstatSync(descriptor))) return { kind: 'changed' };
    return { kind: 'read', sha256: hash('sha256', buffer.subarray(0, length), 'hex') };
  } catch (error) {
    return failed(error);
  } finally {
    closeSync(descriptor);
  }
}

/** Reads a file of any size without holding up the process. */
export async function hashStreaming(path: string | Buffer, before: Stats): Promise<Reading> {
  if (before.size > limits.hashBytesMax) return { kind: 'too_large' };
  let descriptor: number;
  try {
    descriptor = openSync(path, openFlags);
  } catch (error) {
    return failed(error);
  }
  try {
    const digest = createHash('sha256');
    const stream = createReadStream('', {
      fd: descriptor,
      autoClose: false,
      highWaterMark: 1024 * 1024,
      end: before.size,
    });
    let length = 0;
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      digest.update(chunk);
      length += chunk.length;
    }
    const after = await new Promise<Stats>((resolve, reject) =>
      fstat(descriptor, (error, stats) => (error ? reject(error) : resolve(stats))),
    );
    if (length !== before.size || !isUntouched(before, after)) return { kind: 'changed' };
    return { kind: 'read', sha256: digest.digest('hex') };
  } catch (error) {
    return failed(error);
  } finally {
    closeSync(descriptor);
  }
}

function isUntouched(before: Stats, after: Stats): boolean {
  return (
    before.ino === after.ino &&
    before.size === after.size &&
    before.mtimeMs === after.mtimeMs &&
    before.ctimeMs === after.ctimeMs
  );
}

function failed(error: unknown): Reading {
  const code = codeOf(error);
  if (code === 'EACCES' || code === 'EPERM' || code === 'EIO') return { kind: 'unreadable' };
  // Gone, or something else in its place: the next look tells.
  if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'ELOOP' || code === 'ENXIO') return { kind: 'changed' };
  return { kind: 'unreadable' };
}

function codeOf(error: unknown): unknown {
  return (error as { code?: unknown }).code;
}
