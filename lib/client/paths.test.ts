import { describe, expect, it } from 'vitest';
import { limits } from '../contracts/limits.ts';
import { encodePath, type WirePath } from '../contracts/path.ts';
import { type Layout, readLayout, writeLayout } from './layout.ts';
import { smallestChange } from './monaco.ts';
import { movedPath, segmentOf } from './paths.ts';
import { decodeText } from './text-buffer.ts';

const moved = (path: string, from: string, to: string) =>
  movedPath(path as WirePath, { path: to as WirePath, previousPath: from as WirePath });

describe('movedPath', () => {
  it.each([
    ['a', 'a', 'b', 'b'],
    ['a/x/y', 'a', 'b/c', 'b/c/x/y'],
    ['ab', 'a', 'b', undefined],
    ['other', 'a', 'b', undefined],
  ])('%s, when %s becomes %s, is %s', (path, from, to, expected) => expect(moved(path, from, to)).toBe(expected));

  it('carries names that are no UTF-8', () => {
    const odd = encodePath(Uint8Array.of(0x61, 0x2f, 0xff));
    expect(moved(odd, 'a', 'b')).toBe(encodePath(Uint8Array.of(0x62, 0x2f, 0xff)));
    expect(segmentOf(odd)).toBe(encodePath(Uint8Array.of(0xff)));
  });
});

describe('decodeText', () => {
  it('keeps a byte order mark and refuses what is no text', () => {
    expect(decodeText(Uint8Array.of(0xef, 0xbb, 0xbf, 0x61))).toBe('\ufeffa');
    expect(decodeText(Uint8Array.of(0x61, 0))).toBeUndefined();
    expect(decodeText(Uint8Array.of(0xc3))).toBeUndefined();
  });
});

describe('smallestChange', () => {
  it.each([
    ['abc', 'abc'],
    ['', 'new'],
    ['old', ''],
    ['one two three', 'one 2 three'],
    ['aaa', 'aaaa'],
    ['aaaa', 'aa'],
  ])('makes %j into %j', (before, after) => {
    const { start, end, text } = smallestChange(before, after);
    expect(before.slice(0, start) + text + before.slice(end)).toBe(after);
  });
});

describe('layout', () => {
  it('is read back as written, and an unreadable one is the default', () => {
    const layout: Layout = { ...readLayout(null), explorerOpen: false, columns: { 'pane-files': 20 } };
    expect(readLayout(writeLayout(layout))).toEqual(layout);
    for (const stored of ['', 'not json', '{"explorerOpen":3}', '[]'])
      expect(readLayout(stored)).toEqual(readLayout(null));
  });

  it('stays within what a session may hold', () => {
    const expandedFolders = Array.from({ length: 5_000 }, (_, at) => `folder/${at}` as WirePath);
    const text = writeLayout({ ...readLayout(null), expandedFolders });
    expect(text.length).toBeLessThan(limits.sessionLayoutBytesMax);
  });
});
