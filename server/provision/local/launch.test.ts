import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { lastWords } from './launch.ts';

it.each([
  ['a plain line', 'starting\nno room left\n', '“no room left”'],
  ['a line with control characters', 'a\u001b[31mb\n', '“a [31mb”'],
  [
    'an exception of Node',
    'Error: no such thing\n    at main (file.js:1)\n    at run\n\nNode.js v24.21.0\n',
    '“Error: no such thing”',
  ],
  ['a log entry', '{"level":60,"err":{"message":"refused"},"msg":"The agent ended"}\n', '“The agent ended: refused”'],
  ['a log entry without an error', '{"level":30,"msg":"ready"}\n', '“ready”'],
  ['a line of any length', 'x'.repeat(10_000), `“${'x'.repeat(300)}”`],
  ['nothing', '', '(none)'],
])('takes the last words from %s', async (_, text, words) => {
  const folder = await mkdtemp(join(tmpdir(), 'coditect-log-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  await writeFile(join(folder, 'log'), text);
  expect(await lastWords(join(folder, 'log'))).toBe(words);
});

it('has no words where there is no log', async () => {
  expect(await lastWords('/nonexistent/log')).toBe('(none)');
});
