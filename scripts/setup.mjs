// What must be there before anything of ours can run, with nothing but Node's own modules: this file runs on the
// machine's Node, which may be older than the one the project brings along.
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = dirname(dirname(fileURLToPath(import.meta.url)));
const lockStamp = join(root, 'node_modules', '.coditect-lock');
const buildStamp = join(root, 'dist', 'build-stamp');

/** The project's own Node.js, from the npm package `node`. */
export const node = join(root, 'node_modules', '.bin', 'node');

/** Scripts find the project's programs first. */
export const environment = { ...process.env, PATH: `${join(root, 'node_modules', '.bin')}:${process.env.PATH ?? ''}` };

/** Installs the packages when they are not those of the lock file. */
export function installPackages() {
  const wanted = createHash('sha256')
    .update(readFileSync(join(root, 'package-lock.json')))
    .digest('hex');
  if (existsSync(lockStamp) && readFileSync(lockStamp, 'utf8') === wanted && existsSync(node)) return;
  process.stdout.write('Installing packages (about a minute, the first time only) …\n');
  run('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], { ...process.env, NODE_ENV: 'development' });
  writeFileSync(lockStamp, wanted);
}

/** Builds what is served when a source is newer than the last build. */
export function buildIfStale(only = 'all') {
  const wanted = `${only} ${digestOf(sourcesOf(only))}`;
  const stamp = `${buildStamp}-${only}`;
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return;
  process.stdout.write(only === 'all' ? 'Building (about a minute, the first time only) …\n' : 'Building …\n');
  run(node, ['scripts/build.ts', ...(only === 'all' ? [] : [`--${only}`])], environment);
  writeFileSync(stamp, wanted);
}

/** Runs a command to its end; a failure ends this process with the command's code. */
export function run(command, args, env = environment) {
  const { status, error } = spawnSync(command, args, { cwd: root, env, stdio: 'inherit' });
  if (error) throw error;
  if (status !== 0) process.exit(status ?? 1);
}

/** Runs a command in the foreground for as long as it lives, passing signals on. */
export function follow(command, args, env = environment) {
  const child = spawn(command, args, { cwd: root, env, stdio: 'inherit' });
  // Ctrl-C reaches the child by itself; this process waits for what it has to say.
  process.on('SIGINT', () => {});
  for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  child.on('error', (error) => {
    process.stderr.write(`${error.message}\n`);
    process.exit(1);
  });
  child.on('exit', (code, signal) => process.exit(signal ? 1 : (code ?? 1)));
}

function sourcesOf(only) {
  const shared = ['package-lock.json', 'scripts/build.ts', 'scripts/build-monaco.ts', 'lib'];
  const agent = [...shared, 'workspace-agent'];
  return only === 'all'
    ? [...agent, 'server', 'app', 'components', 'next.config.mjs', 'postcss.config.mjs', 'tsconfig.json']
    : agent;
}

/** Names, sizes and times suffice: the stamp is this checkout's own. */
function digestOf(paths) {
  const hash = createHash('sha256');
  const visit = (path) => {
    const full = join(root, path);
    if (!existsSync(full)) return;
    const stat = statSync(full);
    if (stat.isDirectory()) for (const name of readdirSync(full).sort()) visit(join(path, name));
    else if (!/\.test\.tsx?$/.test(path)) hash.update(`${path} ${stat.size} ${stat.mtimeMs}\n`);
  };
  for (const path of paths) visit(path);
  return hash.digest('hex');
}
