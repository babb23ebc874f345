import { expect, test } from 'vitest';
import { byteString, ignoreMatcher } from './ignore-rules.ts';

const cases: [rule: string, path: string, ignored: boolean][] = [
  ['node_modules', 'node_modules', true],
  ['node_modules', 'a/node_modules/b', true],
  ['node_modules', 'node_modules2', false],
  ['node_modules', 'my_node_modules', false],
  ['.git/objects', '.git/objects/aa/bb', true],
  ['.git/objects', '.git/objectsx', false],
  ['.git/objects', 'sub/.git/objects', false],
  ['/dist', 'dist/x', true],
  ['/dist', 'a/dist', false],
  ['build/', 'build/x', true],
  ['*.log', 'a/b.log', true],
  ['*.log', 'a/b.log/c', true],
  ['*.log', 'blog', false],
  ['a/*/c', 'a/b/c', true],
  ['a/*/c', 'a/b/d/c', false],
  ['a+(b)', 'a+(b)', true],
  ['x', 'a\nx', false],
  ['a*', 'a\nb', true],
];

test.each(cases)('rule %j and path %j: ignored is %j', (rule, path, ignored) => {
  expect(ignoreMatcher([rule])(path)).toBe(ignored);
});

test('the folder of half-written files is always ignored, the root never', () => {
  expect(ignoreMatcher([])('.coditect/tmp/x')).toBe(true);
  expect(ignoreMatcher([])('.coditect')).toBe(false);
  expect(ignoreMatcher(['a'])('')).toBe(false);
});

test('rules are text, paths are bytes', () => {
  expect(ignoreMatcher(['ü'])(byteString(new TextEncoder().encode('ü')))).toBe(true);
  expect(ignoreMatcher(['ü'])('\xfc')).toBe(false);
});
