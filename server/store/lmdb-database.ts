import { open, type RootDatabase } from 'lmdb';
import { limits } from '../../lib/contracts/limits.ts';

export type LmdbDatabase = RootDatabase<Buffer, Buffer>;

/** Opens the environment in `folder`, with the same options in the thread that reads and the one that writes. */
export function openLmdbDatabase(folder: string): LmdbDatabase {
  return open<Buffer, Buffer>({
    path: folder,
    noSubdir: false,
    keyEncoding: 'binary',
    encoding: 'binary',
    // A commit returns after its sync: LMDB's own plain order of writes, which a power cut cannot break.
    overlappingSync: false,
    // Address space, not disk or memory. Set once, the map never has to move under a reader.
    mapSize: limits.storeFileBytesMax,
    maxReaders: limits.storeSnapshotsMax,
  });
}
