import { createHash, type Hash } from 'node:crypto';
import { type FileHandle, open } from 'node:fs/promises';
import type { Clock } from '../../../lib/base/clock.ts';
import { CoditectError } from '../../../lib/contracts/errors.ts';
import type { OpId } from '../../../lib/contracts/ids.ts';
import { limits } from '../../../lib/contracts/limits.ts';
import type { fileMethods, WriteResult } from '../../../lib/contracts/protocol/files.ts';
import type { ParamsOf } from '../../../lib/contracts/protocol/method.ts';
import { Remembered } from './remembered.ts';
import { replaceFile } from './replacing.ts';
import { discard, type Intent, type Staging } from './staging.ts';
import { childPath, type WorkspaceTree } from './tree.ts';

type Frame = ParamsOf<(typeof fileMethods)['file.write']>;

export interface UploadsOptions {
  tree: WorkspaceTree;
  staging: Staging;
  clock: Clock;
}

interface Upload {
  first: Frame;
  /** In the staging folder; another for each try, as what an earlier one took out may still be kept. */
  name: string;
  /** What the name stands for once it is no longer the upload's own content. */
  note: Intent | undefined;
  folder: ReturnType<Staging['folder']>;
  handle: FileHandle;
  hash: Hash;
  received: number;
  expiry: Disposable;
}

/** Files on their way in, frame by frame; each is put in its place when it is whole. */
export class Uploads {
  readonly #options: UploadsOptions;
  readonly #uploads = new Map<OpId, Upload>();
  /** The frames of one op follow one another. */
  readonly #turns = new Map<OpId, Promise<unknown>>();
  #count = 0;
  readonly #done = new Remembered<WriteResult>();

  constructor(options: UploadsOptions) {
    this.#options = options;
  }

  /**
   * Takes one frame. A frame that does not go on where the last one ended changes nothing: the answer says how much
   * there is, and the caller goes on from there.
   */
  write(frame: Frame): Promise<WriteResult> {
    const before = this.#turns.get(frame.opId) ?? Promise.resolve();
    const turn = before.then(() => this.#take(frame));
    const settled = turn.then(
      () => {},
      () => {},
    );
    this.#turns.set(frame.opId, settled);
    void settled.then(() => {
      if (this.#turns.get(frame.opId) === settled) this.#turns.delete(frame.opId);
    });
    return turn;
  }

  /** Gives up what is unfinished. */
  async close(): Promise<void> {
    await Promise.all([...this.#uploads.keys()].map((op) => this.#abandon(op)));
  }

  async #take(frame: Frame): Promise<WriteResult> {
    const known = this.#done.get(frame.opId);
    if (known) return known;
    if (!this.#uploads.has(frame.opId) && frame.offset > 0) return { done: false, received: 0 };
    const upload = await this.#uploadFor(frame);
    if (frame.offset > upload.received) return { done: false, received: upload.received };
    try {
      await append(upload, frame.bytes.subarray(upload.received - frame.offset));
      if (upload.received < frame.size) return { done: false, received: upload.received };
      return await this.#done.once(frame.opId, () => this.#finish(upload));
    } catch (error) {
      await this.#abandon(frame.opId);
      throw error;
    }
  }

  async #uploadFor(frame: Frame): Promise<Upload> {
    const { opId, path, baseHash, size } = frame;
    const upload = this.#uploads.get(opId) ?? (await this.#begin(frame));
    const { first } = upload;
    if (first.path !== path || first.baseHash !== baseHash || first.size !== size)
      throw new CoditectError('invalid_request', 'The frames of one op speak of one write');
    upload.expiry[Symbol.dispose]();
    upload.expiry = this.#options.clock.after(limits.fileUploadIdleMsMax, () => void this.#abandon(opId));
    return upload;
  }

  async #begin(first: Frame): Promise<Upload> {
    if (this.#uploads.size >= limits.fileUploadsStagedMax)
      throw new CoditectError('rate_limited', 'Too many files are being written at once', { retryAfterMs: 1_000 });
    const folder = this.#options.staging.folder();
    this.#count += 1;
    const name = `${first.opId}-${this.#count}`;
    try {
      const handle = await open(childPath(folder.found.path, Buffer.from(name)), 'wx', 0o600);
      const hash = createHash('sha256');
      const upload = { first, name, note: undefined, folder, handle, hash, received: 0, expiry: noExpiry };
      this.#uploads.set(first.opId, upload);
      return upload;
    } catch (error) {
      folder[Symbol.dispose]();
      throw error;
    }
  }

  async #finish(upload: Upload): Promise<WriteResult> {
    const { tree, staging, clock } = this.#options;
    const { path, baseHash, opId } = upload.first;
    upload.expiry[Symbol.dispose]();
    const sha256 = upload.hash.digest('hex');
    await staging.lookAgain(path);
    const written = await replaceFile(tree, clock, {
      path,
      baseHash,
      staged: { folder: upload.folder.found.path, name: upload.name, handle: upload.handle, sha256 },
      exchanged: (note) => {
        upload.note = note;
      },
    });
    const writtenAt = clock.now();
    await this.#abandon(opId);
    return { done: true, sha256, unchanged: !written, writtenAt };
  }

  /** Forgets an upload. Its staged content is removed; what was taken out in exchange is kept for a moment. */
  async #abandon(opId: OpId): Promise<void> {
    const upload = this.#uploads.get(opId);
    if (!upload) return;
    const { folder, name, note } = upload;
    this.#uploads.delete(opId);
    upload.expiry[Symbol.dispose]();
    await upload.handle.close();
    if (note) return this.#options.staging.keep(folder, name, note);
    await discard(folder.found.path, name).finally(() => folder[Symbol.dispose]());
  }
}

const noExpiry: Disposable = { [Symbol.dispose]: () => {} };

async function append(upload: Upload, bytes: Uint8Array): Promise<void> {
  for (let written = 0; written < bytes.length; ) {
    const { bytesWritten } = await upload.handle.write(bytes, written, bytes.length - written, upload.received);
    upload.hash.update(bytes.subarray(written, written + bytesWritten));
    upload.received += bytesWritten;
    written += bytesWritten;
  }
}
