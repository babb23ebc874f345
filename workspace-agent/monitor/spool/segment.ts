import { closeSync, fdatasync, fsyncSync, ftruncateSync, openSync, readFileSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { crc32 } from 'node:zlib';
import { z } from 'zod';
import { type SpoolId, spoolId } from '../../../lib/contracts/ids.ts';
import type { ObservedEntry } from '../../../lib/contracts/trail.ts';

/** A record is its length and CRC-32, four bytes each, little-endian, then its JSON. */
const recordHeadBytes = 8;

const segmentHead = z.object({ version: z.literal(1), spool: spoolId, firstSeq: z.int().min(1) });

/** An entry with its number and the bytes its JSON takes. */
export interface SpooledEntry {
  seq: number;
  bytes: number;
  entry: ObservedEntry;
}

export interface SegmentContent {
  spool: SpoolId;
  firstSeq: number;
  entries: SpooledEntry[];
  /** Where the whole records end; what is behind them is a record that was being written when the process died. */
  end: number;
}

export function encodeRecord(value: unknown): Buffer {
  const json = Buffer.from(JSON.stringify(value));
  const record = Buffer.allocUnsafe(recordHeadBytes + json.length);
  record.writeUInt32LE(json.length, 0);
  record.writeUInt32LE(crc32(json), 4);
  json.copy(record, recordHeadBytes);
  return record;
}

/** Reads a segment up to its first record that is not whole; undefined when not even its head is. */
export function readSegment(path: string): SegmentContent | undefined {
  const bytes = readFileSync(path);
  let end = 0;
  const next = (): Buffer | undefined => {
    const start = end + recordHeadBytes;
    if (start > bytes.length) return undefined;
    const json = bytes.subarray(start, start + bytes.readUInt32LE(end));
    if (json.length < bytes.readUInt32LE(end) || json.length === 0 || crc32(json) !== bytes.readUInt32LE(end + 4))
      return undefined;
    end = start + json.length;
    return json;
  };
  const first = next();
  const head = first && segmentHead.safeParse(JSON.parse(first.toString()));
  if (!head?.success) return undefined;
  const { spool, firstSeq } = head.data;
  const entries: SpooledEntry[] = [];
  for (let json = next(); json; json = next())
    entries.push({ seq: firstSeq + entries.length, bytes: json.length, entry: JSON.parse(json.toString()) });
  return { spool, firstSeq, entries, end };
}

/** The segment that is being written. */
export class SegmentWriter {
  readonly path: string;
  #descriptor: number;
  #end: number;

  private constructor(path: string, descriptor: number, end: number) {
    this.path = path;
    this.#descriptor = descriptor;
    this.#end = end;
  }

  /** A new segment, durable with its name. */
  static create(path: string, head: { spool: SpoolId; firstSeq: number }): SegmentWriter {
    const writer = new SegmentWriter(path, openSync(path, 'w', 0o600), 0);
    writer.#write(encodeRecord({ version: 1, ...head }));
    fsyncSync(writer.#descriptor);
    const folder = openSync(dirname(path), 'r');
    fsyncSync(folder);
    closeSync(folder);
    return writer;
  }

  /** An existing segment, cut at `end`. */
  static open(path: string, end: number): SegmentWriter {
    const descriptor = openSync(path, 'r+');
    ftruncateSync(descriptor, end);
    return new SegmentWriter(path, descriptor, end);
  }

  get bytes(): number {
    return this.#end;
  }

  /** Appends whole records and resolves once they are durable. After a failure nothing of them is in the segment. */
  async append(records: Buffer): Promise<void> {
    const start = this.#end;
    try {
      this.#write(records);
      await new Promise<void>((resolve, reject) =>
        fdatasync(this.#descriptor, (error) => (error ? reject(error) : resolve())),
      );
    } catch (error) {
      this.#end = start;
      ftruncateSync(this.#descriptor, start);
      throw error;
    }
  }

  close(): void {
    closeSync(this.#descriptor);
  }

  #write(bytes: Buffer): void {
    for (let at = 0; at < bytes.length; )
      at += writeSync(this.#descriptor, bytes, at, bytes.length - at, this.#end + at);
    this.#end += bytes.length;
  }
}
