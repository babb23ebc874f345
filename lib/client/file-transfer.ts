import { newId, type Random } from '../base/random.ts';
import { CoditectError, isCoditectError, type Problem } from '../contracts/errors.ts';
import { limits } from '../contracts/limits.ts';
import type { WirePath } from '../contracts/path.ts';
import type { BaseHash, WriteResult } from '../contracts/protocol/files.ts';
import type { Connection } from './connection.ts';

/** How often a read begins again because the file changed under it. */
const readAttemptsMax = 5;

export interface FileContent {
  bytes: Uint8Array<ArrayBuffer>;
  /** Lower-case hexadecimal, of exactly these bytes. */
  sha256: string;
}

/**
 * Reads a whole file in frames.
 * @throws CoditectError `too_large` beyond `bytesMax` (its size in `facts.size`), `conflict` when the file keeps changing,
 * and what the workspace answers.
 */
export async function readFile(
  connection: Connection,
  { path, bytesMax }: { path: WirePath; bytesMax: number },
): Promise<FileContent> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await readOnce(connection, { path, bytesMax });
    } catch (error) {
      if (!isCoditectError(error, 'conflict') || attempt === readAttemptsMax) throw error;
    }
  }
}

async function readOnce(
  connection: Connection,
  { path, bytesMax }: { path: WirePath; bytesMax: number },
): Promise<FileContent> {
  const first = await connection.persist('file.read', { path });
  if (first.size > bytesMax) {
    const facts = { size: String(first.size) };
    throw new CoditectError('too_large', `The file has ${first.size} bytes; at most ${bytesMax} can be opened.`, {
      facts,
    });
  }
  const bytes = new Uint8Array(first.size);
  bytes.set(first.bytes);
  if (first.sha256 !== null) return { bytes, sha256: first.sha256 };
  for (let offset = first.bytes.byteLength; offset < first.size; ) {
    const frame = await connection.persist('file.read', { path, offset, stamp: first.stamp });
    if (frame.bytes.byteLength === 0) throw new CoditectError('conflict', 'The file became shorter while it was read.');
    bytes.set(frame.bytes, offset);
    offset += frame.bytes.byteLength;
  }
  // The hash is asked for (a page over plain http cannot compute one), and the stamp proves it is of what was read.
  const { sha256 } = await connection.persist('file.stat', { path, hash: true });
  await connection.persist('file.read', { path, length: 1, stamp: first.stamp });
  if (sha256 === null) throw new CoditectError('conflict', 'The file is no longer a regular file.');
  return { bytes, sha256 };
}

/**
 * Replaces or creates a file, in frames of `limits.fileFrameBytesMax`. Repeated as a whole under one op id until it is
 * answered, so an answer lost on the way does no harm.
 * @throws CoditectError `stale_write` when the file does not hold `baseHash`, and what the workspace answers.
 */
export async function writeFile(
  connection: Connection,
  file: { path: WirePath; bytes: Uint8Array; baseHash: BaseHash },
  { random, onWait }: { random: Random; onWait?: (reason: Problem) => void },
): Promise<Extract<WriteResult, { done: true }>> {
  const opId = newId(random);
  const { path, bytes, baseHash } = file;
  return connection.retry(async () => {
    for (let offset = 0; ; ) {
      const frame = bytes.subarray(offset, offset + limits.fileFrameBytesMax);
      const params = { opId, path, baseHash, size: bytes.byteLength, offset, bytes: frame };
      const result = await connection.request(
        'file.write',
        params as Parameters<typeof connection.request<'file.write'>>[1],
      );
      if (result.done) return result;
      if (result.received <= offset) throw new CoditectError('internal', 'The workspace did not take the next part.');
      offset = result.received;
    }
  }, onWait);
}
