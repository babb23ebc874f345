/**
 * The thread that writes. LMDB's commit blocks until the disk has it, for milliseconds; here nobody waits on it who
 * has anything else to do. It gets one batch at a time and answers once the batch is durable or refused whole.
 */
import { parentPort, workerData } from 'node:worker_threads';
import type { KeyText } from './key-text.ts';
import { type LmdbDatabase, openLmdbDatabase } from './lmdb-database.ts';
import { type BatchWrite, decodeBatch } from './write-batch.ts';

export interface WriterData {
  folder: string;
}

export type WriterRequest = { batch: ArrayBuffer } | { close: true };

/** `code` is the system's or LMDB's own number. */
export type WriterReply = { done: true } | { failed: { message: string; code: number | undefined } };

/** Keys removed in one step of clearing a range, so that a large range needs little memory. */
const clearStepKeys = 1_000;

function serve(port: NonNullable<typeof parentPort>): void {
  const database = openLmdbDatabase((workerData as WriterData).folder);
  port.postMessage({ done: true } satisfies WriterReply);
  port.on('message', (request: WriterRequest) => {
    if ('close' in request) void database.close().then(() => port.close());
    else port.postMessage(commit(database, request.batch));
  });
}

function commit(database: LmdbDatabase, batch: ArrayBuffer): WriterReply {
  try {
    database.transactionSync(() => {
      for (const write of decodeBatch(batch)) apply(database, write);
    });
    return { done: true };
  } catch (error) {
    const { message, code } = error as Error & { code?: number };
    return { failed: { message, code } };
  }
}

function apply(database: LmdbDatabase, write: BatchWrite): void {
  if (write.kind === 'put') database.putSync(write.key, write.value);
  else if (write.kind === 'clear') database.removeSync(write.key);
  else clearRange(database, write.begin, write.end);
}

function clearRange(database: LmdbDatabase, begin: KeyText, end: KeyText): void {
  for (;;) {
    const keys = [...database.getKeys({ start: begin, end, limit: clearStepKeys })];
    for (const key of keys) database.removeSync(key);
    if (keys.length < clearStepKeys) return;
  }
}

if (parentPort) serve(parentPort);
