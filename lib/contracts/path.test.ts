import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { limits } from './limits.ts';
import {
  baseName,
  decodePath,
  encodePath,
  isWithin,
  joinPath,
  parentPath,
  pathFault,
  wireEntryPath,
  wirePath,
} from './path.ts';

const bytes = (text: string) => new TextEncoder().encode(text);
/** Bytes that Linux allows in a name, invalid UTF-8 and our own prefix among them. */
const segment = fc
  .oneof(
    fc.uint8Array({ minLength: 1, maxLength: limits.pathSegmentBytesMax }),
    fc.string({ unit: 'binary', minLength: 1, maxLength: 40 }).map((text) => bytes(text)),
    fc.constantFrom('b64:', 'b64:YQ', '...', 'é', 'é', '\u{1f600}', ' ', '\ufeff').map(bytes),
  )
  .filter((name) => name.length > 0 && !name.includes(0) && !name.includes(0x2f) && pathFault(name) === undefined);
const anyPath = fc
  .array(segment, { minLength: 1, maxLength: 6 })
  .map((parts) => Buffer.concat(parts.flatMap((part, index) => (index ? [Buffer.of(0x2f), part] : [part]))));

describe('the path codec', () => {
  it('brings any name that Linux allows through the wire and back, one spelling each', () => {
    fc.assert(
      fc.property(anyPath, (path) => {
        const wire = encodePath(path);
        expect(Buffer.compare(decodePath(wire), path)).toBe(0);
        expect(wirePath.parse(JSON.parse(JSON.stringify(wire)))).toBe(wire);
        expect(wireEntryPath.safeParse(wire).success).toBe(true);
      }),
      { numRuns: 1_000 },
    );
  });

  it('takes no two texts for one path', () => {
    fc.assert(
      fc.property(anyPath, anyPath, (one, other) => {
        expect(encodePath(one) === encodePath(other)).toBe(Buffer.compare(one, other) === 0);
      }),
    );
    // Text that could stand as it is has no other form, nor has base64 with spare bits.
    for (const text of ['b64:YQ', 'b64:_x', 'b64:_w==', 'b64:', 'b64:*', 'b64:A'])
      expect(wirePath.safeParse(text).success, text).toBe(false);
    expect(wirePath.safeParse('b64:_w').success).toBe(true);
    expect(encodePath(bytes('b64:x'))).toBe('b64:YjY0Ong');
  });

  it('knows parent, name and what lies below', () => {
    fc.assert(
      fc.property(anyPath, segment, (folder, name) => {
        const path = joinPath(encodePath(folder), encodePath(name));
        expect(parentPath(path)).toBe(encodePath(folder));
        expect(isWithin(path, encodePath(folder))).toBe(true);
        expect(isWithin(encodePath(folder), path)).toBe(false);
        expect(baseName(path)).toBe(new TextDecoder().decode(name));
      }),
    );
    const path = (text: string) => wirePath.parse(text);
    expect(isWithin(path('ab'), path('a'))).toBe(false);
    expect(isWithin(path('a'), path(''))).toBe(true);
    expect(parentPath(path('a'))).toBe('');
    expect(parentPath(path(''))).toBeUndefined();
  });
});

describe('a path', () => {
  it.each([
    ...[
      '/',
      '/a',
      'a/',
      'a//b',
      '.',
      '..',
      './a',
      'a/.',
      'a/..',
      'a/../b',
      '../a',
      '\0',
      'a\0b',
      '\ud800',
      'b64:Li4',
      'b64:_y8uLg',
    ],
  ])('is not %j', (text) => {
    const result = wirePath.safeParse(text);
    expect(result.success).toBe(false);
    expect(result.error?.issues[0]?.message).toMatch(/^must/);
  });

  it('may be anything else', () => {
    for (const text of [
      '',
      'a',
      '...',
      '..a',
      '.git',
      'a b',
      'C:\\x',
      '~',
      '-rf',
      'a/b/c',
      '%2e%2e',
      '\u202e',
      '*?"<>|',
    ])
      expect(wirePath.safeParse(text).success, text).toBe(true);
    expect(wireEntryPath.safeParse('').success).toBe(false);
  });

  it('has segments of pathSegmentBytesMax bytes and pathBytesMax in all', () => {
    const { pathSegmentBytesMax, pathBytesMax } = limits;
    expect(wirePath.safeParse('x'.repeat(pathSegmentBytesMax)).success).toBe(true);
    expect(wirePath.safeParse('x'.repeat(pathSegmentBytesMax + 1)).success).toBe(false);
    // In bytes, not characters.
    expect(wirePath.safeParse('é'.repeat(pathSegmentBytesMax / 2 + 1)).success).toBe(false);
    const longest = 'x/'.repeat(pathBytesMax).slice(0, pathBytesMax);
    expect(wirePath.safeParse(longest).success).toBe(true);
    expect(wirePath.safeParse(`${longest}/x`).success).toBe(false);
  });
});
