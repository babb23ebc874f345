import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';

/** Which of our folders each folder may import, and which packages. Never relaxed inline: change the house here. */
const root = resolve(import.meta.dirname, '..');
interface Rule {
  /** The folder ruled; the longest match counts. */
  folder: string;
  /** Our own folders or files. */
  ours: readonly string[];
  packages: readonly string[];
}

const contracts = 'lib/contracts';
const base = 'lib/base';
const rules: readonly Rule[] = [
  { folder: 'lib/contracts', ours: [contracts], packages: ['zod'] },
  { folder: 'lib/base', ours: [base], packages: [] },
  {
    folder: 'lib/client',
    ours: ['lib/client', contracts, base],
    packages: ['socket.io-client', 'monaco-editor', '@monaco-editor/react', '@xterm/*', 'idb', 'react', 'zod'],
  },
  { folder: 'lib/services.ts', ours: [contracts], packages: [] },
  {
    folder: 'components',
    ours: ['components', 'lib/client', contracts, base],
    packages: [
      ...['react', 'react-dom', 'next', 'next-auth', 'next-themes', 'radix-ui', 'lucide-react', 'cmdk', 'sonner'],
      ...[
        'react-arborist',
        'react-resizable-panels',
        '@tanstack/react-virtual',
        '@monaco-editor/react',
        'monaco-editor',
      ],
      ...['class-variance-authority', 'clsx', 'tailwind-merge', '@xterm/*'],
    ],
  },
  {
    folder: 'app',
    ours: ['app', 'components', 'lib/client', contracts, base, 'lib/services.ts'],
    packages: ['react', 'next', 'next-auth', 'zod', '@fontsource-variable/*', '@xterm/xterm'],
  },
  { folder: 'server/store', ours: ['server/store', contracts, base], packages: ['zod'] },
  { folder: 'server/store/lmdb', ours: ['server/store', contracts, base], packages: ['lmdb'] },
  { folder: 'server/provision', ours: ['server/provision', contracts, base], packages: ['smol-toml', 'zod'] },
  {
    folder: 'server/services',
    ours: [
      'server/services',
      'server/store/store.ts',
      'server/store/keyspace.ts',
      'server/provision/provisioner.ts',
      contracts,
      base,
    ],
    packages: ['argon2', 'jose', 'zod'],
  },
  {
    folder: 'server/gateway',
    ours: ['server/gateway', 'server/services', 'server/config.ts', contracts, base],
    packages: ['socket.io'],
  },
  {
    folder: 'server/http',
    ours: ['server/http', 'server/services', 'server/config.ts', contracts, base],
    packages: ['next', 'prom-client'],
  },
  { folder: 'server', ours: ['server', 'lib/services.ts', contracts, base, 'package.json'], packages: ['pino', 'zod'] },
  {
    folder: 'workspace-agent',
    ours: ['workspace-agent', contracts, base, 'package.json'],
    packages: [
      'socket.io-client',
      '@lydell/node-pty',
      'koffi',
      '@xterm/headless',
      '@xterm/addon-serialize',
      '@xterm/addon-unicode11',
      'smol-toml',
      'chokidar',
      'pino',
      'zod',
    ],
  },
];

const folders = ['lib', 'components', 'app', 'server', 'workspace-agent'];
const sources = folders.flatMap((folder) =>
  readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.tsx?$/.test(entry.name))
    .map((entry) => relative(root, join(entry.parentPath, entry.name))),
);
/** Tests and what only tests use may reach further: they put real parts together. */
const isTest = (file: string) =>
  /\.test\.tsx?$|-harness\.ts$|-suite\.ts$|\.fixture\.ts$|-contract\.ts$|\/played-|\/testing\/|\/contract\//.test(file);
const within = (path: string, folder: string) =>
  path === folder || path.startsWith(`${folder}/`) || path.startsWith(`${folder}-`) || path.startsWith(`${folder}.`);

function importsOf(file: string): string[] {
  const text = readFileSync(join(root, file), 'utf8');
  const found = text.matchAll(
    /(?:^|\n)\s*(?:import|export)\b[^'";]*?from\s*'([^']+)'|(?:^|\n)\s*import\s*'([^']+)'|import\(\s*'([^']+)'\s*\)/g,
  );
  return [...found].map((match) => match[1] ?? match[2] ?? match[3] ?? '');
}

function faultsOf(file: string): string[] {
  const rule = [...rules].sort((a, b) => b.folder.length - a.folder.length).find(({ folder }) => within(file, folder));
  if (!rule) return [`${file}: no rule for its folder`];
  return importsOf(file).flatMap((target) => {
    if (target.startsWith('node:')) return [];
    if (target.startsWith('.')) {
      const path = relative(root, resolve(root, dirname(file), target));
      return rule.ours.some((folder) => within(path, folder)) ? [] : [`${file} imports ${path}`];
    }
    const allowed = rule.packages.some((name) =>
      name.endsWith('/*') ? target.startsWith(name.slice(0, -1)) : target === name || target.startsWith(`${name}/`),
    );
    return allowed ? [] : [`${file} imports the package ${target}`];
  });
}

describe('the house', () => {
  it('is imported from the top down only', () => {
    expect(sources.length).toBeGreaterThan(50);
    expect(sources.filter((file) => !isTest(file)).flatMap(faultsOf)).toEqual([]);
  });

  it('has no file over 500 lines', () => {
    const long = sources
      .map((file) => ({ file, lines: readFileSync(join(root, file), 'utf8').split('\n').length }))
      .filter(({ lines }) => lines > 500);
    expect(long).toEqual([]);
  });

  it('reads the environment in one place', () => {
    const readers = sources.filter(
      (file) =>
        within(file, 'server') && !isTest(file) && /process\.env\b/.test(readFileSync(join(root, file), 'utf8')),
    );
    // Next and next-auth are told through variables of their own; the admin command reads the same settings.
    expect(readers.sort()).toEqual(['server/admin.ts', 'server/http/pages.ts', 'server/main.ts']);
  });

  it('opens the operator’s door to few', () => {
    const callers = sources.filter(
      (file) => !isTest(file) && /\boperatorKeyspace\b/.test(readFileSync(join(root, file), 'utf8')),
    );
    expect(callers.sort()).toEqual([
      'server/admin.ts',
      'server/services/accounts.ts',
      'server/services/revocations.ts',
      'server/services/tokens.ts',
      'server/services/workspaces.ts',
      'server/store/keyspace.ts',
    ]);
  });

  it('declares who may call every route of the API where the route is', () => {
    const routes = sources.filter((file) => /^app\/api\/v2\/.*route\.ts$/.test(file));
    expect(routes.length).toBeGreaterThan(8);
    const bare = routes.flatMap((file) =>
      [...readFileSync(join(root, file), 'utf8').matchAll(/export const (GET|POST|PUT|PATCH|DELETE) = (\w+)/g)]
        .filter((match) => match[2] !== 'publicRoute' && match[2] !== 'callerRoute')
        .map((match) => `${file} ${match[1]}`),
    );
    expect(bare).toEqual([]);
    expect(routes.filter((file) => /publicRoute[<(]/.test(readFileSync(join(root, file), 'utf8'))).sort()).toEqual([
      'app/api/v2/[[...rest]]/route.ts',
      'app/api/v2/auth/login/route.ts',
      'app/api/v2/auth/register/route.ts',
    ]);
  });
});
