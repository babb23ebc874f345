import { link, readFile, unlink, writeFile } from 'node:fs/promises';
import { CoditectError } from '../../../lib/contracts/errors.ts';
import { identifyProcess, isAlive, type ProcessIdentity } from './processes.ts';

/**
 * Makes this process the only one that supervises what `file` stands for. A lock whose owner is dead is taken over.
 * @returns how to give it back.
 * @throws CoditectError `conflict`, with the owner's number as the fact `pid`, while another holds it.
 */
export async function takeLock(file: string): Promise<() => Promise<void>> {
  const self = identifyProcess(process.pid);
  const mine = `${file}.${process.pid}`;
  await writeFile(mine, JSON.stringify(self));
  try {
    // A link either appears whole or fails: two that start at once cannot both have it.
    while (!(await linked(mine, file))) {
      const owner = await readOwner(file);
      if (owner && isAlive(owner)) throw held(file, owner);
      await unlink(file).catch(ignoreMissing);
    }
  } finally {
    await unlink(mine);
  }
  return () => unlink(file).catch(ignoreMissing);
}

async function linked(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

async function readOwner(file: string): Promise<ProcessIdentity | null> {
  try {
    return JSON.parse(await readFile(file, 'utf8'));
  } catch {
    return null;
  }
}

function held(file: string, owner: ProcessIdentity): CoditectError {
  const words = `Another Coditect server (process ${owner.pid}) looks after these workspaces: ${file}. End it first.`;
  return new CoditectError('conflict', words, { facts: { pid: String(owner.pid) } });
}

function ignoreMissing(error: NodeJS.ErrnoException): void {
  if (error.code !== 'ENOENT') throw error;
}
