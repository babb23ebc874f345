import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { systemRandom } from '../base/random.ts';
import { limits } from '../contracts/limits.ts';
import type { WirePath } from '../contracts/path.ts';
import type { FileType } from '../contracts/trail.ts';
import { TestGateway } from './testing/gateway.ts';
import { testEntry } from './testing/trail.ts';
import { FileTree, type TreeItem } from './tree.ts';

const wait = { timeout: 10_000, interval: 5 };
let gateway: TestGateway;
let tree: FileTree;
/** What the disk holds, by path. */
let disk: Map<string, FileType>;

function listing(folder: string) {
  const entries = [...disk].filter(([path]) => path.slice(0, Math.max(0, path.lastIndexOf('/'))) === folder);
  return entries.map(([path, type]) => ({
    ...{ path: path as WirePath, type, mode: 0o644, size: 0, modifiedAt: 1, linkTarget: null },
  }));
}
const paths = (items: TreeItem[] = tree.snapshot.get().items): string[] =>
  items.flatMap((item) => [item.path, ...paths(item.children ?? [])]);

beforeEach(async () => {
  disk = new Map<string, FileType>([
    ['src', 'directory'],
    ['src/lib', 'directory'],
    ['src/lib/a.ts', 'file'],
    ['file10', 'file'],
    ['file9', 'file'],
  ]);
  gateway = await TestGateway.open();
  gateway.handlers['file.list'] = ({ path }) => ({ entries: listing(path), next: null });
  tree = new FileTree({ connection: gateway.connect(), random: systemRandom });
  await vi.waitFor(() => expect(paths()).toEqual(['src', 'file9', 'file10']), wait);
});
afterEach(() => gateway.close());

describe('FileTree', () => {
  it('reads folders when they are opened, folders first and numbers in their order', async () => {
    await tree.readFolder('src' as WirePath);
    await tree.readFolder('src/lib' as WirePath);
    expect(paths()).toEqual(['src', 'src/lib', 'src/lib/a.ts', 'file9', 'file10']);
  });

  it('follows the trail, a renamed folder with all that was read in it', async () => {
    await tree.readFolder('src' as WirePath);
    await tree.readFolder('src/lib' as WirePath);
    tree.apply([
      testEntry({ seq: 1, kind: 'created', path: 'new.txt' }),
      testEntry({ seq: 2, kind: 'deleted', path: 'file9' }),
      testEntry({ seq: 3, kind: 'renamed', path: 'source', previousPath: 'src', type: 'directory' }),
    ]);
    expect(paths()).toEqual(['source', 'source/lib', 'source/lib/a.ts', 'file10', 'new.txt']);
  });

  it('lets entries below a folder that was never opened wait for it to be', async () => {
    tree.apply([testEntry({ seq: 1, kind: 'created', path: 'src/b.ts' })]);
    expect(paths()).toEqual(['src', 'file9', 'file10']);
  });

  it('reads again what is visible when a gap closes', async () => {
    disk.set('missed', 'file');
    tree.apply([testEntry({ seq: 2, kind: 'gap_closed', path: '', type: null })]);
    await vi.waitFor(() => expect(paths()).toContain('missed'), wait);
  });

  it('shows a thing again that was renamed to and fro', () => {
    tree.apply([
      testEntry({ seq: 1, kind: 'renamed', path: 'x', previousPath: 'file9' }),
      testEntry({ seq: 2, kind: 'renamed', path: 'file9', previousPath: 'x' }),
    ]);
    expect(paths()).toEqual(['src', 'file9', 'file10']);
  });

  it('says when a folder cannot be read, and reads it after all', async () => {
    gateway.handlers['file.list'] = undefined as never;
    await tree.readFolder('src' as WirePath);
    expect(tree.snapshot.get().items[0]?.folder.kind).toBe('failed');
    gateway.handlers['file.list'] = ({ path }) => ({ entries: listing(path), next: null });
    await tree.readFolder('src' as WirePath);
    expect(paths()).toContain('src/lib');
  });

  it('shows the first of a folder that has more than a browser should hold, and says so', async () => {
    const many = Array.from({ length: limits.treeFolderEntriesMax }, (_, at) => [`src/${at}`, 'file'] as const);
    for (const [path, type] of many) disk.set(path, type);
    gateway.handlers['file.list'] = ({ path, after, limit }) => {
      const from = after === null ? 0 : Number(after.slice('src/'.length)) + 1;
      const entries = listing(path)
        .slice(-many.length)
        .slice(from, from + limit);
      return { entries, next: entries.at(-1)?.path ?? null };
    };
    await tree.readFolder('src' as WirePath);
    const folder = tree.snapshot.get().items[0];
    expect(folder?.children).toHaveLength(limits.treeFolderEntriesMax);
    expect(folder?.folder).toEqual({ kind: 'read', complete: false });
  });
});
