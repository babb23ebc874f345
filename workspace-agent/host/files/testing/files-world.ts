import { createHash } from 'node:crypto';
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, vi } from 'vitest';
import { systemClock } from '../../../../lib/base/clock.ts';
import { newId, systemRandom } from '../../../../lib/base/random.ts';
import { type CoditectError, isCoditectError } from '../../../../lib/contracts/errors.ts';
import type { OpId } from '../../../../lib/contracts/ids.ts';
import { encodePath, type WirePath } from '../../../../lib/contracts/path.ts';
import { type BaseHash, fileMethods } from '../../../../lib/contracts/protocol/files.ts';
import type { InputOf, ResultOf } from '../../../../lib/contracts/protocol/method.ts';
import { Files } from '../files.ts';

export type Methods = typeof fileMethods;

export let area: string;
export let root: string;
export let files: Files;
const faults: unknown[] = [];

beforeEach(async () => {
  area = fs.mkdtempSync(join(tmpdir(), 'coditect-files-'));
  root = join(area, 'workspace');
  fs.mkdirSync(root);
  files = await openFiles(root);
});

afterEach(async () => {
  await files.close();
  fs.rmSync(area, { recursive: true, force: true });
  expect(faults.splice(0)).toEqual([]);
});

/** Opens the files of another folder in place of the test's own. */
export async function reopenFiles(at: string): Promise<void> {
  await files.close();
  files = await openFiles(at);
}

async function openFiles(at: string): Promise<Files> {
  const made = new Files({ root: at, clock: systemClock, onFault: (error) => faults.push(error) });
  await made.recover();
  return made;
}

/** Calls a method as the connection does: parameters are checked, the result too. */
export async function call<Name extends keyof Methods>(
  name: Name,
  params: InputOf<Methods[Name]>,
): Promise<ResultOf<Methods[Name]>> {
  const handler = files.handlers[name] as (checked: unknown) => Promise<unknown>;
  const result = await handler(fileMethods[name].params.parse(params));
  return fileMethods[name].result.parse(result) as ResultOf<Methods[Name]>;
}

export async function failure(promise: Promise<unknown>): Promise<CoditectError> {
  const error = await promise.then(
    () => new Error('It did not fail'),
    (fault: unknown) => fault,
  );
  if (isCoditectError(error)) return error;
  throw error;
}

export const wire = (bytes: Uint8Array | string) => encodePath(Buffer.from(bytes as string));
export const hashOf = (bytes: Uint8Array | string) => createHash('sha256').update(bytes).digest('hex');
export const op = () => newId<OpId>(systemRandom);
export const staged = () => fs.readdirSync(join(root, '.coditect/tmp'));
/** What was replaced is kept for a moment. */
export const expectNothingStaged = () => vi.waitFor(() => expect(staged()).toEqual([]), 3_000);

export function write(
  path: WirePath | string,
  content: Uint8Array | string,
  baseHash: BaseHash | string = 'any',
  opId = op(),
) {
  const bytes = Buffer.from(content as string);
  return call('file.write', { opId, path: path as WirePath, baseHash, size: bytes.length, offset: 0, bytes });
}
