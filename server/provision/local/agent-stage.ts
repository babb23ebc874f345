import { createHash } from 'node:crypto';
import { chmod, copyFile, link, lstat, mkdir, readdir, readFile, rename, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { base32, type Random } from '../../../lib/base/random.ts';
import { removeTree } from './volume.ts';

/** What a workspace's processes are run from, in the checkout. */
export interface AgentProgram {
  /** The Node binary. */
  node: string;
  /** The bundled agent, one file. */
  entry: string;
  /** The `node_modules` from which its native packages are taken. */
  modules: string;
}

/** Packages that cannot be bundled; what they depend on comes along. */
const nativePackages = ['@lydell/node-pty', 'koffi'];

const accounts = {
  passwd:
    'root:x:0:0:root:/root:/usr/sbin/nologin\ndev:x:1000:1000:dev:/home/dev:/bin/bash\nnobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n',
  group: 'root:x:0:\ndev:x:1000:\nnogroup:x:65534:\n',
};

/** A staged agent: `node`, `agent.mjs`, `node_modules/` and `etc/`, never changed once it is there. */
export interface AgentStage {
  hash: string;
  folder: string;
  node: string;
  entry: string;
}

/** Names the files of a stage in its folder. */
export function agentStage(folder: string): { node: string; entry: string } {
  return { node: join(folder, 'node'), entry: join(folder, 'agent.mjs') };
}

/**
 * Puts the program under `agents` in a folder named by its content, so that what runs survives a rebuild of the
 * checkout, and a sandbox need see nothing of the checkout.
 */
export async function stageAgent(agents: string, program: AgentProgram, random: Random): Promise<AgentStage> {
  const files = new Map<string, string>();
  for (const name of await packagesOf(program.modules, nativePackages)) {
    await collectFiles(join(program.modules, name), join('node_modules', name), files);
  }
  const hash = await hashOf(program, files);
  const folder = join(agents, hash);
  const stage = { hash, folder, ...agentStage(folder) };
  if (await isFolder(folder)) return stage;
  const fresh = join(agents, `.${base32(random.bytes(8))}`);
  await mkdir(fresh, { recursive: true });
  await place(program.node, join(fresh, 'node'));
  await copyReadable(program.entry, join(fresh, 'agent.mjs'));
  for (const [target, source] of files) await place(source, join(fresh, target));
  await mkdir(join(fresh, 'etc'));
  for (const [name, text] of Object.entries(accounts)) {
    await writeFile(join(fresh, 'etc', name), text);
    await chmod(join(fresh, 'etc', name), 0o644);
  }
  await openFolders(fresh);
  await rename(fresh, folder);
  return stage;
}

/** Removes every stage but those named. What still runs from one must be named. */
export async function removeStages(agents: string, keep: ReadonlySet<string>): Promise<void> {
  for (const name of await readdir(agents)) if (!keep.has(name)) await removeTree(join(agents, name));
}

/** The packages and all they depend on, as far as they are installed: another platform's binaries are not. */
async function packagesOf(modules: string, names: readonly string[]): Promise<Set<string>> {
  const found = new Set<string>();
  const queue = [...names];
  for (let name = queue.pop(); name !== undefined; name = queue.pop()) {
    const file = join(modules, name, 'package.json');
    if (found.has(name) || !(await lstat(file).catch(() => null))) continue;
    found.add(name);
    const { dependencies, optionalDependencies } = JSON.parse(await readFile(file, 'utf8'));
    queue.push(...Object.keys({ ...dependencies, ...optionalDependencies }));
  }
  return found;
}

async function collectFiles(source: string, target: string, into: Map<string, string>): Promise<void> {
  for (const entry of await readdir(source, { withFileTypes: true })) {
    const [from, to] = [join(source, entry.name), join(target, entry.name)];
    if (entry.isDirectory()) await collectFiles(from, to, into);
    else if (entry.isFile()) into.set(to, from);
  }
}

/** Over the agent's bytes; of large files that come from packages, size and time tell as much and cost nothing. */
async function hashOf(program: AgentProgram, files: Map<string, string>): Promise<string> {
  const hash = createHash('sha256').update(JSON.stringify(accounts));
  hash.update(await readFile(program.entry));
  for (const [target, source] of [['node', program.node], ...[...files].sort()] as [string, string][]) {
    const { size, mtimeMs } = await stat(source);
    hash.update(`\0${target}\0${size}\0${mtimeMs}`);
  }
  return base32(hash.digest()).slice(0, 26);
}

/** A second name for the file where that is possible and others may read it, else a copy. */
async function place(source: string, target: string): Promise<void> {
  await mkdir(dirname(target), { recursive: true });
  const { mode } = await stat(source);
  const readable = (mode & 0o004) !== 0 && ((mode & 0o100) === 0 || (mode & 0o001) !== 0);
  if (
    readable &&
    (await link(source, target).then(
      () => true,
      () => false,
    ))
  )
    return;
  await copyReadable(source, target);
}

async function copyReadable(source: string, target: string): Promise<void> {
  await copyFile(source, target);
  await chmod(target, ((await stat(source)).mode & 0o100) === 0 ? 0o644 : 0o755);
}

/** Whatever the server's umask. Files are not touched: some are second names of files that are not ours. */
async function openFolders(folder: string): Promise<void> {
  await chmod(folder, 0o755);
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    if (entry.isDirectory()) await openFolders(join(folder, entry.name));
  }
}

async function isFolder(path: string): Promise<boolean> {
  return (await lstat(path).catch(() => null))?.isDirectory() ?? false;
}
