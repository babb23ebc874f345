import { existsSync } from 'node:fs';
import { extname, join } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { Transaction as ReadTransaction } from 'lmdb';
import { type Clock, systemClock } from '../../lib/base/clock.ts';
import { CoditectError } from '../../lib/contracts/errors.ts';
import type { Engine, Entry, Snapshot } from './engine.ts';
import { lockFolder } from './folder-lock.ts';
import type { KeyText, TextRange } from './key-text.ts';
import { type LmdbDatabase, openLmdbDatabase } from './lmdb-database.ts';
import type { WriterData, WriterReply, WriterRequest } from './lmdb-writer.ts';
import { openOptimisticStore } from './optimistic-store.ts';
import { couldGrow } from './room.ts';
import type { Store } from './store.ts';
import { encodeBatch } from './write-batch.ts';
import type { WriteSet } from './write-set.ts';

export interface LmdbOptions {
  /** Made when absent. One store at a time may use it. */
  folder: string;
  clock?: Clock;
  /** Hears of each group of transactions that became durable with one sync. */
  onGroup?: (group: { transactions: number; bytes: number }) => void;
}

/**
 * A durable store in a folder. What `transact` resolved survives kill -9 and a power cut.
 * @throws CoditectError `conflict` when another store uses the folder.
 */
export async function openLmdbStore(options: LmdbOptions): Promise<Store> {
  const lock = lockFolder(options.folder);
  let database: LmdbDatabase | undefined;
  try {
    database = openLmdbDatabase(options.folder);
    const writer = await openWriter(options.folder);
    return openOptimisticStore(new LmdbEngine({ ...options, lock, writer, database }), options.clock ?? systemClock);
  } catch (error) {
    await database?.close();
    lock[Symbol.dispose]();
    throw error;
  }
}

/**
 * Reads a folder that another process may have open and be writing: one state of it, the newest at the first read.
 * A transaction that writes fails.
 * @throws CoditectError `not_found` when there is no store in the folder.
 */
export function openLmdbReader(options: Pick<LmdbOptions, 'folder' | 'clock'>): Store {
  if (!existsSync(join(options.folder, 'data.mdb')))
    throw new CoditectError('not_found', `There is no store in ${options.folder}.`);
  const database = openLmdbDatabase(options.folder, { readOnly: true });
  const writer: Writer = {
    write: async () => ({ failed: { message: 'it is open for reading alone', code: undefined } }),
    close: async () => {},
  };
  const lock = { [Symbol.dispose]() {} };
  return openOptimisticStore(new LmdbEngine({ ...options, lock, writer, database }), options.clock ?? systemClock);
}

/** Reads in this thread, from the memory map; writes through {@link openWriter}'s. */
class LmdbEngine implements Engine {
  #database: LmdbDatabase;
  #writer: Writer;
  #lock: Disposable;
  #folder: string;
  #onGroup: LmdbOptions['onGroup'];
  /** One read transaction for all snapshots of the same state. */
  #shared: SharedSnapshot | undefined;

  constructor(parts: LmdbOptions & { database: LmdbDatabase; writer: Writer; lock: Disposable }) {
    this.#database = parts.database;
    this.#writer = parts.writer;
    this.#lock = parts.lock;
    this.#folder = parts.folder;
    this.#onGroup = parts.onGroup;
  }

  snapshot(): Snapshot {
    this.#shared ??= new SharedSnapshot(this.#database);
    return this.#shared.use();
  }

  /** One turn of the event loop: whoever was answered together commits together again. */
  gather(): Promise<void> {
    return new Promise((resolve) => setImmediate(resolve));
  }

  async commit(group: readonly WriteSet[]): Promise<void> {
    const batch = encodeBatch(group);
    const bytes = batch.byteLength;
    const reply = await this.#writer.write(batch);
    if ('failed' in reply) throw await this.#failure(reply.failed, bytes);
    this.#dropShared();
    this.#onGroup?.({ transactions: group.length, bytes });
  }

  async close(): Promise<void> {
    this.#dropShared();
    await this.#writer.close();
    await this.#database.close();
    this.#lock[Symbol.dispose]();
  }

  /** Later snapshots show what is committed now. */
  #dropShared(): void {
    this.#shared?.release();
    this.#shared = undefined;
    this.#database.resetReadTxn();
  }

  async #failure(failed: { message: string; code: number | undefined }, bytes: number): Promise<CoditectError> {
    const cause = new Error(failed.message);
    // LMDB calls a write that the disk took only in part an input/output error, so then a try decides.
    const dataFile = join(this.#folder, 'data.mdb');
    const isFull =
      isFullCode(failed.code) || (failed.code === inputOutputError && !(await couldGrow(dataFile, bytes + spareBytes)));
    if (isFull) return new CoditectError('storage_full', `There is no room left in ${this.#folder}.`, { cause });
    return new CoditectError('internal', `The store could not write: ${failed.message}`, { cause });
  }
}

/** ENOSPC, EDQUOT, EFBIG, and LMDB's MDB_MAP_FULL. */
function isFullCode(code: number | undefined): boolean {
  return code === 28 || code === 122 || code === 27 || code === -30792;
}

const inputOutputError = 5;

/** The tree's own pages that a batch rewrites beside its bytes. */
const spareBytes = 1024 * 1024;

/** A read transaction counted by its users. */
class SharedSnapshot {
  #database: LmdbDatabase;
  #transaction: ReadTransaction;
  /** The engine's own use, until it has a newer one. */
  #users = 1;

  constructor(database: LmdbDatabase) {
    this.#database = database;
    // biome-ignore lint/correctness/useHookAtTopLevel: it is LMDB's method, not a hook of React.
    this.#transaction = database.useReadTransaction();
  }

  use(): Snapshot {
    this.#users += 1;
    return {
      get: (key) => this.#get(key),
      range: (range, reverse) => this.#range(range, reverse),
      [Symbol.dispose]: () => this.release(),
    };
  }

  release(): void {
    this.#users -= 1;
    if (this.#users === 0) this.#transaction.done();
  }

  #get(key: KeyText): Uint8Array | undefined {
    const value = this.#database.get(key, { transaction: this.#transaction });
    return value && plain(value);
  }

  *#range({ begin, end }: TextRange, reverse: boolean): Iterable<Entry> {
    // A reverse range runs from `start` downwards.
    const bounds = reverse
      ? { start: end, exclusiveStart: true, end: begin, inclusiveEnd: true, reverse }
      : { start: begin, end };
    for (const { key, value } of this.#database.getRange({ ...bounds, transaction: this.#transaction })) {
      yield { key, value: plain(value) };
    }
  }
}

/** The same bytes as a plain Uint8Array, as every driver gives them. */
function plain(buffer: Buffer): Uint8Array {
  return new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength);
}

interface Writer {
  /** One at a time. `batch` is given away. */
  write(batch: ArrayBuffer): Promise<WriterReply>;
  close(): Promise<void>;
}

/** Starts the writing thread and waits until it has opened the database. */
async function openWriter(folder: string): Promise<Writer> {
  // Beside this file, be it the source or the bundle.
  const extension = extname(import.meta.filename);
  const worker = new Worker(new URL(`./lmdb-writer${extension}`, import.meta.url), {
    workerData: { folder } satisfies WriterData,
  });
  const ended = Promise.withResolvers<never>();
  const exited = new Promise<void>((resolve) => worker.once('exit', () => resolve()));
  worker.once('error', (error) => ended.reject(error));
  worker.once('exit', (code) => ended.reject(new Error(`The store's writing thread ended with code ${code}.`)));
  ended.promise.catch(() => {});
  const reply = () =>
    Promise.race([new Promise<WriterReply>((resolve) => worker.once('message', resolve)), ended.promise]);

  await reply();
  return {
    write(batch) {
      const answer = reply();
      worker.postMessage({ batch } satisfies WriterRequest, [batch]);
      return answer;
    },
    async close() {
      worker.postMessage({ close: true } satisfies WriterRequest);
      await exited;
    },
  };
}
