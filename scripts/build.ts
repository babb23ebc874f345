import { spawnSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { type BuildOptions, build } from 'esbuild';
import './build-monaco.ts';

/**
 * Builds what is served: the workspace agent, Monaco, the server, the pages. `--agent` builds the agent alone, for
 * development. The server runs from its sources as well; bundled it starts sooner and needs 20 MB less.
 */
const root = dirname(import.meta.dirname);
const { values } = parseArgs({ options: { agent: { type: 'boolean', default: false } } });
const common: BuildOptions = { bundle: true, platform: 'node', target: 'node24', format: 'esm', logLevel: 'warning' };

await build({
  ...common,
  entryPoints: [join(root, 'workspace-agent/main.ts')],
  outfile: join(root, 'dist/workspace-agent.mjs'),
  // V8 keeps the source: a third of it is white space and comments.
  minifyWhitespace: true,
  legalComments: 'none',
  // Native packages are staged beside the bundle, not inside it.
  external: ['@lydell/node-pty', 'koffi', 'lmdb'],
  // Bundled CommonJS packages ask for `require`.
  banner: {
    js: "import { createRequire as requireFrom } from 'node:module'; const require = requireFrom(import.meta.url);",
  },
});

if (!values.agent) {
  await build({
    ...common,
    entryPoints: { server: join(root, 'server/main.ts'), 'lmdb-writer': join(root, 'server/store/lmdb-writer.ts') },
    outdir: join(root, 'dist'),
    outExtension: { '.js': '.mjs' },
    packages: 'external',
  });
  const { status } = spawnSync(process.execPath, [join(root, 'node_modules/next/dist/bin/next'), 'build'], {
    cwd: root,
    stdio: 'inherit',
    env: { ...process.env, NODE_ENV: 'production', NEXT_TELEMETRY_DISABLED: '1' },
  });
  process.exitCode = status ?? 1;
}
