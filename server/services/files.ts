import { createHash, type Hash } from 'node:crypto';
import { CoditectError, isCoditectError } from '../../lib/contracts/errors.ts';
import type { OpId, WorkspaceId } from '../../lib/contracts/ids.ts';
import { limits } from '../../lib/contracts/limits.ts';
import type { fileMethods } from '../../lib/contracts/protocol/files.ts';
import type { ParamsOf, ResultOf } from '../../lib/contracts/protocol/method.ts';
import type { Caller } from '../../lib/contracts/services/accounts.ts';
import type { FileMethodName, FileScope, FileService } from '../../lib/contracts/services/files.ts';
import type { StoredOp } from '../store/keyspace.ts';
import type { ServiceContext, WorkspaceLinks } from './context.ts';
import { dropOp, markDone, type OpPlace, openOp } from './trail/ops.ts';
import { owned } from './workspaces.ts';

type Methods = typeof fileMethods;
type WriteParams = ParamsOf<Methods['file.write']>;

/** A write whose frames are arriving. */
interface Upload {
  hash: Hash;
  received: number;
  size: number;
  startedAt: number;
}

/** An upload that does not go on is forgotten. */
const uploadMsMax = 5 * 60 * 1000;

/** Files of a workspace, through its host. See {@link FileService}. */
export class Files implements FileService {
  #context: ServiceContext;
  #links: WorkspaceLinks;
  #uploads = new Map<string, Upload>();

  constructor(context: ServiceContext, links: WorkspaceLinks) {
    this.#context = context;
    this.#links = links;
  }

  async call<Name extends FileMethodName>(
    caller: Caller,
    scope: FileScope,
    request: { method: Name; params: ParamsOf<Methods[Name]> },
  ): Promise<ResultOf<Methods[Name]>> {
    const { workspaceId } = scope;
    await this.#context.store.transact((transaction) => owned(transaction, caller, workspaceId));
    // Before an op is stored: one that was never sent would wait in vain for its entry, and a thousand block the rest.
    if (!this.#links.connected(workspaceId, 'host'))
      throw new CoditectError('workspace_unavailable', 'The workspace is not connected.');
    const sha256 =
      request.method === 'file.write' ? this.#receive(caller, workspaceId, request.params as WriteParams) : null;
    const op = this.#opOf(caller, scope, request, sha256);
    const relay = () =>
      this.#links.request(workspaceId, request.method, request.params as never) as Promise<ResultOf<Methods[Name]>>;
    return op ? this.#carryOut({ tenantId: caller.tenantId, workspaceId }, op, relay) : relay();
  }

  /** Stores the op, relays, and stores the outcome: the trail owes an entry for exactly what was acknowledged. */
  async #carryOut<Result extends object>(place: OpPlace, op: StoredOp, relay: () => Promise<Result>): Promise<Result> {
    const { store, clock } = this.#context;
    await store.transact(async (transaction) => {
      const known = await openOp(transaction, place, op);
      if (known.sha256 !== op.sha256 || known.path !== op.path || known.effect !== op.effect)
        throw new CoditectError('conflict', 'opId: it was used for another change. Mint a new one for each.', {
          field: 'opId',
        });
    });
    try {
      const result = await relay();
      // By the workspace's clock, which may be another's or lie: too far ahead, and the trail would wait for ever.
      const latest = clock.now() + limits.opOpenMsMax;
      await store.transact((transaction) =>
        'writtenAt' in result && typeof result.writtenAt === 'number'
          ? markDone(transaction, place, {
              ...op,
              writtenAt: Math.min(result.writtenAt, latest),
              unchanged: 'unchanged' in result && result.unchanged === true,
            })
          : // The host lacks a frame and asks for it: nothing has happened yet.
            dropOp(transaction, place, op.opId),
      );
      // What it did may be nothing that the monitor would speak of by itself.
      this.#links.drain(place.workspaceId);
      return result;
    } catch (error) {
      // An unreachable host may have done it all the same: the op stays open until an entry or its expiry tells.
      const refused = isCoditectError(error) && error.code !== 'workspace_unavailable' && error.code !== 'internal';
      if (refused) await store.transact((transaction) => dropOp(transaction, place, op.opId));
      throw error;
    }
  }

  /**
   * Counts and hashes the frames of a write as they pass.
   * @returns the SHA-256 of the whole with the last frame, null before.
   * @throws CoditectError `conflict` for a frame out of order (`facts.received` says where to go on).
   */
  #receive(caller: Caller, workspaceId: WorkspaceId, frame: WriteParams): string | null {
    const key = `${caller.loginId} ${workspaceId} ${frame.opId}`;
    const upload = frame.offset === 0 ? this.#begin(key, caller, frame.size) : this.#uploads.get(key);
    if (!upload || upload.received !== frame.offset || upload.size !== frame.size)
      throw new CoditectError('conflict', `offset: the next frame begins at ${upload?.received ?? 0}.`, {
        field: 'offset',
        facts: { received: String(upload?.received ?? 0) },
      });
    upload.hash.update(frame.bytes);
    upload.received += frame.bytes.byteLength;
    if (upload.received < upload.size) return null;
    this.#uploads.delete(key);
    return upload.hash.digest('hex');
  }

  #begin(key: string, caller: Caller, size: number): Upload {
    const now = this.#context.clock.monotonic();
    for (const [other, { startedAt }] of this.#uploads) if (startedAt + uploadMsMax < now) this.#uploads.delete(other);
    const own = [...this.#uploads.keys()].filter((other) => other !== key && other.startsWith(`${caller.loginId} `));
    if (own.length >= limits.fileUploadsMax)
      throw new CoditectError('rate_limited', `At most ${limits.fileUploadsMax} large files are uploaded at once.`, {
        retryAfterMs: 1_000,
      });
    const upload: Upload = { hash: createHash('sha256'), received: 0, size, startedAt: now };
    this.#uploads.set(key, upload);
    return upload;
  }

  /** The op that stands for a request; undefined for one that changes nothing (yet). */
  #opOf<Name extends FileMethodName>(
    caller: Caller,
    scope: FileScope,
    request: { method: Name; params: ParamsOf<Methods[Name]> },
    sha256: string | null,
  ): StoredOp | undefined {
    const effect = effectOf(request as Request);
    if (!effect || (effect.effect === 'write' && sha256 === null)) return undefined;
    return {
      previousPath: null,
      ...effect,
      sha256,
      origin: scope.origin.kind,
      userId: caller.userId,
      sessionId: scope.origin.sessionId,
      askedAt: this.#context.clock.now(),
      state: 'asked',
      writtenAt: null,
      unchanged: false,
      seq: null,
    };
  }
}

type Request = { [Name in FileMethodName]: { method: Name; params: ParamsOf<Methods[Name]> } }[FileMethodName];
type Effect = Pick<StoredOp, 'effect' | 'path'> & { opId: OpId; previousPath?: StoredOp['previousPath'] };

function effectOf({ method, params }: Request): Effect | undefined {
  switch (method) {
    case 'file.write':
      return { effect: 'write', opId: params.opId, path: params.path };
    case 'file.create_folder':
      return { effect: 'create_folder', opId: params.opId, path: params.path };
    case 'file.move':
      return { effect: 'move', opId: params.opId, path: params.to, previousPath: params.from };
    case 'file.delete':
      return { effect: 'delete', opId: params.opId, path: params.path };
    default:
      return undefined;
  }
}
