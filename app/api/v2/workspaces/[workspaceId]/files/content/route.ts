import { newId, systemRandom } from '../../../../../../../lib/base/random.ts';
import { CoditectError } from '../../../../../../../lib/contracts/errors.ts';
import type { OpId, WorkspaceId } from '../../../../../../../lib/contracts/ids.ts';
import { limits } from '../../../../../../../lib/contracts/limits.ts';
import type { WirePath } from '../../../../../../../lib/contracts/path.ts';
import type { BaseHash, WriteResult } from '../../../../../../../lib/contracts/protocol/files.ts';
import type { Caller } from '../../../../../../../lib/contracts/services/accounts.ts';
import type { FileScope } from '../../../../../../../lib/contracts/services/files.ts';
import { services } from '../../../../../../../lib/services.ts';
import { fileQuery, type WorkspaceParams, workspaceOf } from '../../../../parameters.ts';
import { callerRoute, noContent, query } from '../../../../route-handler.ts';

const frameBytes = limits.fileFrameBytesMax;
const scopeOf = (workspaceId: WorkspaceId): FileScope => ({ workspaceId, origin: { kind: 'api', sessionId: null } });
const etagOf = (sha256: string) => `"sha256-${sha256}"`;

export const GET = callerRoute<WorkspaceParams>(async ({ request, caller, params }) => {
  const { path } = query(request, fileQuery);
  const scope = scopeOf(workspaceOf(params));
  const read = (offset: number, stamp: string | null) =>
    services().files.call(caller, scope, { method: 'file.read', params: { path, offset, length: frameBytes, stamp } });
  const first = await read(0, null);
  const sha256 =
    first.sha256 ??
    (await services().files.call(caller, scope, { method: 'file.stat', params: { path, hash: true } })).sha256;
  const headers: Record<string, string> = {
    'content-type': 'application/octet-stream',
    'content-length': String(first.size),
    'cache-control': 'no-cache',
    // Never rendered: it is a user's bytes on our own origin.
    'content-disposition': 'attachment',
    ...(sha256 === null ? {} : { etag: etagOf(sha256) }),
  };
  if (sha256 !== null && request.headers.get('if-none-match') === etagOf(sha256))
    return new Response(null, { status: 304, headers: { etag: etagOf(sha256) } });
  let sent = 0;
  const stream = new ReadableStream<Uint8Array>({
    async pull(controller) {
      // A change between two frames ends the answer early, so that its length tells.
      const { bytes } = sent === 0 ? first : await read(sent, first.stamp);
      if (bytes.byteLength > 0) controller.enqueue(new Uint8Array(bytes));
      sent += bytes.byteLength;
      if (sent >= first.size || bytes.byteLength === 0) controller.close();
    },
  });
  return new Response(stream, { headers });
});

export const PUT = callerRoute<WorkspaceParams>(async ({ request, caller, params }) => {
  const { path } = query(request, fileQuery);
  const content = await bounded(request);
  const result = await write({
    caller,
    workspaceId: workspaceOf(params),
    path,
    baseHash: baseHashOf(request),
    content,
  });
  const created = request.headers.get('if-none-match') === '*';
  return new Response(null, { status: created ? 201 : 204, headers: { etag: etagOf(result.sha256) } });
});

export const DELETE = callerRoute<WorkspaceParams>(async ({ request, caller, params }) => {
  const { path, recursive } = query(request, fileQuery);
  const op = { opId: newId<OpId>(systemRandom), path, recursive: recursive === 'true', baseHash: baseHashOf(request) };
  await services().files.call(caller, scopeOf(workspaceOf(params)), { method: 'file.delete', params: op });
  return noContent();
});

/** The state of the file that the caller expects. @throws CoditectError `invalid_request` for a form that is not ours. */
function baseHashOf(request: Request): BaseHash {
  if (request.headers.get('if-none-match') === '*') return 'absent';
  const expected = request.headers.get('if-match');
  if (expected === null || expected === '*') return 'any';
  const hash = /^"sha256-([0-9a-f]{64})"$/.exec(expected)?.[1];
  if (hash) return hash;
  throw new CoditectError('invalid_request', 'If-Match: must be an ETag of this file, "sha256-<hex>".', {
    field: 'if-match',
  });
}

async function bounded(request: Request): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of request.body ?? []) {
    length += chunk.length;
    if (length > limits.fileWriteBytesMax)
      throw new CoditectError('too_large', `A file may have ${limits.fileWriteBytesMax} bytes at most.`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

interface Write {
  caller: Caller;
  workspaceId: WorkspaceId;
  path: WirePath;
  baseHash: BaseHash;
  content: Buffer;
}

async function write({
  caller,
  workspaceId,
  path,
  baseHash,
  content,
}: Write): Promise<Extract<WriteResult, { done: true }>> {
  const opId = newId<OpId>(systemRandom);
  for (let offset = 0; ; offset += frameBytes) {
    const bytes = content.subarray(offset, offset + frameBytes);
    const params = { opId, path, baseHash, size: content.length, offset, bytes };
    const result = await services().files.call(caller, scopeOf(workspaceId), { method: 'file.write', params });
    if (result.done) return result;
    if (offset + frameBytes >= content.length)
      throw new CoditectError('workspace_unavailable', 'The workspace did not finish the write.');
  }
}
