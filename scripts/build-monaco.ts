/**
 * Builds Monaco and its workers into `public/monaco/<version>/`, from which the IDE loads them at run time. Next's own
 * bundler never sees Monaco: that halves the memory of a build and keeps its 10 MB out of every page's graph.
 */
import { readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { monacoFolder } from '../lib/client/monaco-folder.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const target = join(root, 'public', monacoFolder);
/** Written last, so that a build that was cut short is done again. */
const marker = join(target, 'complete');

const workers = {
  editor: 'monaco-editor/editor/editor.worker.js',
  typescript: 'monaco-editor/language/typescript/ts.worker.js',
  json: 'monaco-editor/language/json/json.worker.js',
  css: 'monaco-editor/language/css/css.worker.js',
  html: 'monaco-editor/language/html/html.worker.js',
};

async function isBuilt(): Promise<boolean> {
  return stat(marker).then(
    () => true,
    () => false,
  );
}

async function assertVersion(): Promise<void> {
  const manifest = JSON.parse(await readFile(join(root, 'node_modules/monaco-editor/package.json'), 'utf8')) as {
    version: string;
  };
  if (monacoFolder !== `/monaco/${manifest.version}`)
    throw new Error(
      `lib/client/monaco-folder.ts names ${monacoFolder}, but monaco-editor ${manifest.version} is installed.`,
    );
}

async function buildMonaco(): Promise<void> {
  const common = { bundle: true, minify: true, target: 'es2022', logLevel: 'warning', absWorkingDir: root } as const;
  await rm(target, { recursive: true, force: true });
  await build({
    ...common,
    entryPoints: { editor: 'monaco-editor' },
    format: 'esm',
    splitting: true,
    outdir: target,
    loader: { '.ttf': 'file' },
    // Monaco marks these rules with an old hack for Internet Explorer, which is not CSS.
    logOverride: { 'css-syntax-error': 'silent' },
  });
  for (const [name, entry] of Object.entries(workers))
    await build({ ...common, entryPoints: [entry], format: 'iife', outfile: join(target, `${name}.worker.js`) });
  await writeFile(marker, '');
}

await assertVersion();
if (process.argv.includes('--force') || !(await isBuilt())) {
  const startedAt = performance.now();
  await buildMonaco();
  console.log(`Monaco built into public${monacoFolder} in ${((performance.now() - startedAt) / 1000).toFixed(1)} s`);
}
