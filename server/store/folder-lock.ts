import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { CoditectError } from '../../lib/contracts/errors.ts';

/**
 * Makes `folder` (for its owner alone) and takes it for this process. The lock is the kernel's and ends with the process, however it
 * ends, so there is no stale lock file to judge. SQLite is the one door Node has to file locks.
 * @throws CoditectError `conflict` when the folder is in use, by this process or another one.
 */
export function lockFolder(folder: string): Disposable {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const database = new DatabaseSync(join(folder, 'in-use.lock'));
  try {
    database.exec('BEGIN EXCLUSIVE');
  } catch (error) {
    database.close();
    throw new CoditectError('conflict', `The folder ${folder} is in use by another server. Stop that one first.`, {
      cause: error,
    });
  }
  return { [Symbol.dispose]: () => database.close() };
}
