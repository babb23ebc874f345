import { execFile } from 'node:child_process';
import { chmod, chown, lstat, mkdir, rename, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import type { Random } from '../../../lib/base/random.ts';
import { homeSkeleton } from './home-skeleton.ts';
import type { WorkspacePaths } from './layout.ts';

const run = promisify(execFile);

/** Users of workspaces; far from those that people, distributions and containers use. */
const userIdMin = 200_000;
const userIdMax = 1_000_000_000;

/** A user id for a workspace of its own. Drawn at random, so that two installations on a machine do not share any. */
export function newUserId(random: Random): number {
  const drawn = new DataView(random.bytes(4).buffer).getUint32(0);
  return userIdMin + (drawn % (userIdMax - userIdMin));
}

/**
 * Makes a workspace's folders where they are missing. With `ownUser` the files belong to a user of the workspace's
 * own: the folder's owner is the one memory of who that is.
 * @returns the user id its processes run as.
 */
export async function makeVolume(
  paths: WorkspacePaths,
  { ownUser, random }: { ownUser: boolean; random: Random },
): Promise<number> {
  // Others may pass through these two, not look: the workspace's user must reach its own files.
  for (const folder of [paths.folder, paths.run]) {
    await mkdir(folder, { recursive: true });
    await chmod(folder, 0o711);
  }
  const owner = await ownerOf(paths.workspace);
  const uid = !ownUser ? serverUserId() : owner !== null && isWorkspaceUser(owner) ? owner : newUserId(random);
  await makeFolder(paths.workspace, uid);
  await makeFolder(paths.monitor, uid);
  await makeHome(paths.home, uid);
  return uid;
}

/** The user this server runs as. */
export const serverUserId = (): number => process.getuid?.() ?? 0;

/** Whether this user can only be a workspace's own: then every process of it is the workspace's. */
export const isWorkspaceUser = (uid: number | null): boolean => uid !== null && uid >= userIdMin && uid < userIdMax;

/** The user whose processes a workspace runs; null when there is no such workspace. */
export async function ownerOf(folder: string): Promise<number | null> {
  try {
    return (await lstat(folder)).uid;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

async function makeFolder(folder: string, uid: number): Promise<void> {
  await mkdir(folder, { recursive: true });
  if ((await ownerOf(folder)) === uid) return;
  await chmod(folder, 0o700);
  await giveTreeTo(folder, uid);
}

/** Made aside and renamed: it is whole or not there, and nothing of ours is ever written into a user's folder. */
async function makeHome(home: string, uid: number): Promise<void> {
  if ((await ownerOf(home)) === null) {
    const fresh = `${home}.new`;
    await removeTree(fresh);
    for (const [name, text] of Object.entries(homeSkeleton)) {
      await mkdir(dirname(join(fresh, name)), { recursive: true });
      await writeFile(join(fresh, name), text, { mode: 0o644 });
    }
    await chmod(fresh, 0o700);
    await rename(fresh, home);
  }
  if ((await ownerOf(home)) !== uid) await giveTreeTo(home, uid);
}

/** The folder with all below it, following no symlink: it was just made, or its users were others until now. */
async function giveTreeTo(folder: string, uid: number): Promise<void> {
  if (serverUserId() === 0) await run('chown', ['-R', '-h', `${uid}:${uid}`, '--', folder]);
}

/** Gives one file or folder to the user, where we may. */
export async function giveTo(path: string, uid: number): Promise<void> {
  if (serverUserId() === 0) await chown(path, uid, uid);
}

/**
 * Removes a folder with all below it, whatever the modes, names and depth, following no symlink: the system's own
 * tools walk by descriptors and so know no longest path. Harmless when it is missing.
 */
export async function removeTree(folder: string): Promise<void> {
  if ((await ownerOf(folder)) === null) return;
  if (serverUserId() !== 0) await run('chmod', ['-R', 'u+rwX', '--', folder]).catch(() => undefined);
  await run('rm', ['-rf', '--one-file-system', '--', folder]);
}
