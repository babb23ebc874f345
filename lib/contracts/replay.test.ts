import { describe, expect, test } from 'vitest';
import { encodePath, rootPath, type WirePath } from './path.ts';
import { replay } from './replay.ts';
import type { ObservedEntry } from './trail.ts';

function entry(kind: ObservedEntry['kind'], path: string, facts: Partial<ObservedEntry> = {}): ObservedEntry {
  return {
    kind,
    type: 'file',
    path: path as WirePath,
    previousPath: null,
    mode: 0o644,
    linkTarget: null,
    size: 1,
    sha256: 'a'.repeat(64),
    unhashed: null,
    coalesced: 0,
    reason: null,
    rules: null,
    observedAt: 0,
    ...facts,
  };
}
const folder = { type: 'directory', size: null, sha256: null } as const;
const about = (kind: ObservedEntry['kind'], facts: Partial<ObservedEntry>) =>
  entry(kind, rootPath, { type: null, mode: null, size: null, sha256: null, ...facts });
const paths = (entries: ObservedEntry[]) => [...replay(entries).keys()].sort();

describe('replay', () => {
  test('creates, modifies and deletes', () => {
    const tree = replay([
      entry('created', 'a'),
      entry('created', 'b'),
      entry('modified', 'a', { size: 7, mode: 0o600 }),
      entry('deleted', 'b'),
    ]);
    expect([...tree]).toEqual([
      ['a', { type: 'file', mode: 0o600, size: 7, sha256: 'a'.repeat(64), linkTarget: null }],
    ]);
  });

  test("a folder's rename moves what is below it, and only that", () => {
    const entries = [
      entry('created', 'a', folder),
      entry('created', 'a/x'),
      entry('created', 'ab'),
      entry('created', 'b', folder),
      entry('created', 'b/old'),
      entry('renamed', 'b', { ...folder, previousPath: 'a' as WirePath }),
    ];
    expect(paths(entries)).toEqual(['ab', 'b', 'b/x']);
  });

  test('a rename of something unknown creates it', () => {
    expect(paths([entry('renamed', 'b', { previousPath: 'a' as WirePath })])).toEqual(['b']);
  });

  test('deleting a folder takes what is left below it', () => {
    expect(paths([entry('created', 'a', folder), entry('created', 'a/x'), entry('deleted', 'a', folder)])).toEqual([]);
  });

  test('a baseline begins anew, another gap does not', () => {
    const before = [entry('created', 'a')];
    const gap = (reason: ObservedEntry['reason']) => [
      about('gap_opened', { reason }),
      entry('created', 'b'),
      about('gap_closed', {}),
    ];
    expect(paths([...before, ...gap('baseline')])).toEqual(['b']);
    expect(paths([...before, ...gap('overflow')])).toEqual(['a', 'b']);
  });

  test('rules forget what they ignore, when they change and when a folder is renamed', () => {
    const entries = [
      entry('created', 'keep'),
      entry('created', 'out', folder),
      entry('created', 'out/x'),
      entry('created', 'node_modules', folder),
      entry('created', 'node_modules/x'),
      about('rules_changed', { rules: ['node_modules', 'build/out'] }),
      entry('created', 'tree', folder),
      entry('created', 'tree/out', folder),
      entry('renamed', 'build', { ...folder, previousPath: 'tree' as WirePath }),
    ];
    expect(paths(entries)).toEqual(['build', 'keep', 'out', 'out/x']);
  });

  test('keeps names that are not text', () => {
    const path = encodePath(Uint8Array.of(0x61, 0xff));
    expect(paths([entry('created', path)])).toEqual([path]);
  });
});
