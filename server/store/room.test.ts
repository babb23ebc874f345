import { execFile } from 'node:child_process';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, expect, it } from 'vitest';

const run = promisify(execFile);
const blockBytes = 512;

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'coditect-room-'));
});
afterEach(() => rm(folder, { recursive: true }));

/** Asks in a process whose files may have 16 KiB. */
async function couldGrow(file: string, bytes: number): Promise<string> {
  const script = `
    import { couldGrow } from ${JSON.stringify(new URL('./room.ts', import.meta.url).href)};
    process.stdout.write(String(await couldGrow(${JSON.stringify(file)}, ${bytes})));`;
  const command = `ulimit -f ${(16 * 1024) / blockBytes}; exec "$0" --input-type=module -e "$1"`;
  const { stdout } = await run('sh', ['-c', command, process.execPath, script]);
  return stdout;
}

it.each([
  ['with room to spare', 4_096, 'true'],
  ['to the last byte', 8_192, 'true'],
  ['when only a part fits', 8_193, 'false'],
])('S16 finds out whether a file could grow: %s', async (_name, bytes, expected) => {
  const file = join(folder, 'data');
  await writeFile(file, Buffer.alloc(8_192));
  expect(await couldGrow(file, bytes)).toBe(expected);
  expect(await readdir(folder)).toEqual(['data']);
});

it('S16 a file that cannot grow at all', async () => {
  const file = join(folder, 'data');
  await writeFile(file, Buffer.alloc(16 * 1024));
  expect(await couldGrow(file, 1)).toBe('false');
});

it('S16 another failure says nothing about room', async () => {
  expect(await couldGrow(join(folder, 'absent'), 1)).toBe('true');
});
