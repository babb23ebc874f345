import { spawnSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { build } from 'esbuild';
import './build-monaco.ts';

/** Builds what is not run from its source: the workspace agent, Monaco, the pages. `--agent` leaves the pages out. */
const root = dirname(import.meta.dirname);
const { values } = parseArgs({ options: { agent: { type: 'boolean', default: false } } });

/** Native packages are staged beside the bundle, not inside it. */
const natives = ['@lydell/node-pty', 'koffi', 'lmdb'];

await build({
  entryPoints: [join(root, 'workspace-agent/main.ts')],
  outfile: join(root, 'dist/workspace-agent.mjs'),
  bundle: true,
  platform: 'node',
  target: 'node24',
  format: 'esm',
  external: natives,
  // Bundled CommonJS packages ask for `require`.
  banner: { js: "import { createRequire as requireFrom } from 'node:module'; const require = requireFrom(import.meta.url);" },
  logLevel: 'warning',
});

if (!values.agent) {
  const { status } = spawnSync(process.execPath, [join(root, 'node_modules/next/dist/bin/next'), 'build'], {
    cwd: root,
    stdio: 'inherit',
    env: { ...process.env, NODE_ENV: 'production', NEXT_TELEMETRY_DISABLED: '1' },
  });
  process.exitCode = status ?? 1;
}
