import { open, type RootDatabase } from 'lmdb';
import { limits } from '../../lib/contracts/limits.ts';
import type { KeyText } from './key-text.ts';

export type LmdbDatabase = RootDatabase<Buffer, KeyText>;

/** Between our keys and LMDB's bytes without a buffer in between, which would cost more than the read itself. */
const keyEncoder = {
  writeKey: (key: KeyText, target: Buffer, start: number) => start + target.write(key, start, 'latin1'),
  readKey: (source: Buffer, start: number, end: number): KeyText => source.toString('latin1', start, end),
};

/** Opens the environment in `folder`, with the same options in the thread that reads and the one that writes. */
export function openLmdbDatabase(folder: string, { readOnly = false } = {}): LmdbDatabase {
  return open<Buffer, KeyText>({
    path: folder,
    readOnly,
    noSubdir: false,
    keyEncoder,
    encoding: 'binary',
    // A commit returns after its sync: LMDB's own plain order of writes, which a power cut cannot break.
    overlappingSync: false,
    // Address space, not disk or memory. Set once, the map never has to move under a reader.
    mapSize: limits.storeFileBytesMax,
    maxReaders: limits.storeSnapshotsMax,
  });
}
