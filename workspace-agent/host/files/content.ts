import { createHash } from 'node:crypto';
import { type BigIntStats, constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { CoditectError } from '../../../lib/contracts/errors.ts';
import { limits } from '../../../lib/contracts/limits.ts';
import type { Found, Place } from './tree.ts';

const hashChunkBytes = 1024 * 1024;

/**
 * What a place holds, if that is a regular file.
 * @throws CoditectError `not_found`, or `conflict` saying what it is instead. Nothing is opened before that is known,
 * so a FIFO cannot block and a device cannot act.
 */
export function regularFile(place: Place): Found {
  if (!place.found) throw new CoditectError('not_found', 'There is no such file');
  const kind = kindOf(place.found.stats);
  if (kind !== 'file') throw new CoditectError('conflict', `This is ${kindNames[kind]}, not a file`);
  return place.found;
}

type Kind = 'file' | 'directory' | 'symlink' | 'fifo' | 'socket' | 'device';
const kindNames: Record<Kind, string> = {
  file: 'a file',
  directory: 'a folder',
  symlink: 'a symlink',
  fifo: 'a FIFO',
  socket: 'a socket',
  device: 'a device',
};

function kindOf(stats: BigIntStats): Kind {
  if (stats.isFile()) return 'file';
  if (stats.isDirectory()) return 'directory';
  if (stats.isSymbolicLink()) return 'symlink';
  if (stats.isFIFO()) return 'fifo';
  return stats.isSocket() ? 'socket' : 'device';
}

/** Opens for reading exactly the thing that was found, whatever its name means by now. */
export function openFound(found: Found): Promise<FileHandle> {
  return open(found.path, constants.O_RDONLY | constants.O_NONBLOCK);
}

/**
 * SHA-256 of an open file, in hexadecimal, read off the main thread.
 * @throws CoditectError `too_large` beyond `hashBytesMax`
 */
export async function hashFile(file: FileHandle): Promise<string> {
  const hash = createHash('sha256');
  const chunk = Buffer.allocUnsafe(hashChunkBytes);
  for (let position = 0; ; ) {
    const { bytesRead } = await file.read(chunk, 0, chunk.length, position);
    if (bytesRead === 0) return hash.digest('hex');
    position += bytesRead;
    if (position > limits.hashBytesMax)
      throw new CoditectError('too_large', `Files of more than ${limits.hashBytesMax} bytes are not hashed`);
    hash.update(chunk.subarray(0, bytesRead));
  }
}

/** Names a state of a file: another stamp, another state. */
export function stampOf({ dev, ino, size, mtimeNs, ctimeNs }: BigIntStats): string {
  return [dev, ino, size, mtimeNs, ctimeNs].join(':');
}

export const permissionsOf = (stats: BigIntStats): number => Number(stats.mode & 0o7777n);
