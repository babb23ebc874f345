import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { limits } from '../../lib/contracts/limits.ts';
import { openLmdbDatabase } from './lmdb-database.ts';

it('S2 storeSnapshotsMax and storeFileBytesMax are LMDB’s own bounds, and cost no disk', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'coditect-lmdb-'));
  const database = openLmdbDatabase(folder);
  expect(database.getStats()).toMatchObject({
    mapSize: limits.storeFileBytesMax,
    maxReaders: limits.storeSnapshotsMax,
  });
  expect((await stat(join(folder, 'data.mdb'))).size).toBeLessThan(1024 * 1024);
  await database.close();
  await rm(folder, { recursive: true });
});
