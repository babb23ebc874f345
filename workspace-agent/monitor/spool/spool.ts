import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Logger } from 'pino';
import { type Clock, delay } from '../../../lib/base/clock.ts';
import { Emitter } from '../../../lib/base/emitter.ts';
import { newId, type Random } from '../../../lib/base/random.ts';
import type { SpoolId } from '../../../lib/contracts/ids.ts';
import { limits } from '../../../lib/contracts/limits.ts';
import type { ObservedEntry } from '../../../lib/contracts/trail.ts';
import { encodeRecord, readSegment, SegmentWriter, type SpooledEntry } from './segment.ts';

const retryMs = 1_000;

interface Segment {
  path: string;
  firstSeq: number;
  bytes: number;
}

export interface SpoolOptions {
  folder: string;
  clock: Clock;
  random: Random;
  logger: Logger;
  /** The bound on what is not acknowledged; `limits.spoolUnackedBytesMax` unless a test sets it. */
  bytesMax?: number;
}

/** The spool on the disk is not one that this monitor can continue; it must begin anew. */
export class SpoolDamaged extends Error {}

/**
 * The entries on their way to the server, on disk. Appending is immediate for the caller and durable a moment later,
 * in groups: while one is being synced the next one gathers. Entries keep their numbers through restarts.
 */
export class Spool {
  readonly id: SpoolId;
  /** Whether it was created empty just now. */
  readonly fresh: boolean;
  #options: SpoolOptions;
  #bytesMax: number;
  /** All segments; the last one is being written. */
  #segments: Segment[];
  #writer: SegmentWriter;
  #lastSeq: number;
  #durableSeq: number;
  #acknowledgedSeq: number;
  /** The youngest durable entries, for a sender that keeps up. */
  #recent: SpooledEntry[] = [];
  #recentBytes = 0;
  /** Entries read back from disk for a sender that lags. */
  #readBack: SpooledEntry[] = [];
  #waiting: (SpooledEntry & { record: Buffer })[] = [];
  #waitingBytes = 0;
  #committing: Promise<void> | undefined;
  #closed = new AbortController();
  #durable = new Emitter<void>();
  #fault: string | null = null;
  #bytesWritten = 0;

  private constructor(
    options: SpoolOptions,
    found: { id: SpoolId; segments: Segment[]; writer: SegmentWriter; lastSeq: number; fresh: boolean },
  ) {
    this.#options = options;
    this.#bytesMax = options.bytesMax ?? limits.spoolUnackedBytesMax;
    this.id = found.id;
    this.fresh = found.fresh;
    this.#segments = found.segments;
    this.#writer = found.writer;
    this.#lastSeq = found.lastSeq;
    this.#durableSeq = found.lastSeq;
    this.#acknowledgedSeq = (found.segments[0]?.firstSeq ?? 1) - 1;
  }

  /**
   * Opens the spool in `folder`, or creates an empty one. A torn end is cut.
   * @throws SpoolDamaged when a segment before the last is damaged or missing.
   */
  static open(options: SpoolOptions): Spool {
    mkdirSync(options.folder, { recursive: true, mode: 0o700 });
    const names = readdirSync(options.folder)
      .filter((name) => name.endsWith('.log'))
      .sort();
    let id: SpoolId | undefined;
    let lastSeq = 0;
    let end = 0;
    const segments: Segment[] = [];
    for (const [at, name] of names.entries()) {
      const path = join(options.folder, name);
      const content = readSegment(path);
      if (!content) {
        // The process died while it made this segment: nothing is in it yet.
        if (at === names.length - 1) rmSync(path);
        else throw new SpoolDamaged(`${name} has no head`);
        continue;
      }
      const expected = segments.length === 0 ? content.firstSeq : lastSeq + 1;
      if ((id && content.spool !== id) || content.firstSeq !== expected)
        throw new SpoolDamaged(`${name} does not continue the segment before it`);
      id = content.spool;
      lastSeq = content.firstSeq + content.entries.length - 1;
      end = content.end;
      segments.push({ path, firstSeq: content.firstSeq, bytes: content.end });
    }
    const last = segments.at(-1);
    if (id && last)
      return new Spool(options, { id, segments, writer: SegmentWriter.open(last.path, end), lastSeq, fresh: false });
    const created = newId<SpoolId>(options.random);
    const writer = SegmentWriter.create(segmentPath(options.folder, 1), { spool: created, firstSeq: 1 });
    return new Spool(options, {
      id: created,
      segments: [{ path: writer.path, firstSeq: 1, bytes: writer.bytes }],
      writer,
      lastSeq: 0,
      fresh: true,
    });
  }

  /** The number of the last entry appended, durable or not. */
  get lastSeq(): number {
    return this.#lastSeq;
  }

  get durableSeq(): number {
    return this.#durableSeq;
  }

  /** The first entry that is still on disk. */
  get firstSeq(): number {
    return this.#segments[0]?.firstSeq ?? 1;
  }

  get acknowledgedSeq(): number {
    return this.#acknowledgedSeq;
  }

  /** Entries appended and not acknowledged. */
  get pending(): number {
    return this.#lastSeq - this.#acknowledgedSeq;
  }

  /** How full it is with what the server or the disk has not taken; from 1 on nothing more should be appended. */
  get pressure(): number {
    const unacknowledged = this.#unacknowledgedBytes() + this.#waitingBytes;
    return Math.max(unacknowledged / this.#bytesMax, this.#waitingBytes / limits.spoolMemoryBytesMax);
  }

  /** Bytes of entries made durable since the opening. */
  get bytesWritten(): number {
    return this.#bytesWritten;
  }

  /** Why entries do not become durable just now. */
  get fault(): string | null {
    return this.#fault;
  }

  /** Calls `listener` whenever more has become durable. */
  onDurable(listener: () => void): Disposable {
    return this.#durable.on(listener);
  }

  /** Takes an entry and answers its number. It becomes durable soon. */
  append(entry: ObservedEntry): number {
    const record = encodeRecord(entry);
    this.#lastSeq += 1;
    this.#waiting.push({ seq: this.#lastSeq, bytes: record.length, entry, record });
    this.#waitingBytes += record.length;
    this.#committing ??= this.#commit();
    return this.#lastSeq;
  }

  /** Resolves when all that was appended is durable, or the spool has been closed. */
  async flushed(): Promise<void> {
    while (this.#committing) await this.#committing;
  }

  /** Durable entries from `seq` on, up to the bounds of one batch, at least one if there is one. */
  read(seq: number): SpooledEntry[] {
    if (seq > this.#durableSeq) return [];
    const recentFrom = this.#recent[0]?.seq ?? Number.POSITIVE_INFINITY;
    const source = seq >= recentFrom ? this.#recent : this.#fromDisk(seq);
    const batch: SpooledEntry[] = [];
    let bytes = 0;
    for (let at = seq - (source[0]?.seq ?? seq); at < source.length; at += 1) {
      const entry = source[at];
      if (!entry || entry.seq > this.#durableSeq || batch.length === limits.trailBatchEntriesMax) break;
      if (batch.length > 0 && bytes + entry.bytes > limits.trailBatchBytesMax) break;
      bytes += entry.bytes;
      batch.push(entry);
    }
    return batch;
  }

  /** Every entry on disk after `seq`, in order. For the start. */
  *replay(seq: number): Generator<SpooledEntry> {
    for (const [at, segment] of this.#segments.entries()) {
      const next = this.#segments[at + 1];
      if (next && next.firstSeq <= seq + 1) continue;
      for (const entry of readSegment(segment.path)?.entries ?? []) if (entry.seq > seq) yield entry;
    }
  }

  /** The server has stored everything up to `seq`. */
  acknowledge(seq: number): void {
    this.#acknowledgedSeq = Math.max(this.#acknowledgedSeq, Math.min(seq, this.#lastSeq));
    const done = this.#recent.findIndex((entry) => entry.seq > this.#acknowledgedSeq);
    for (const entry of this.#recent.splice(0, done === -1 ? this.#recent.length : done))
      this.#recentBytes -= entry.bytes;
  }

  /** Drops segments that are acknowledged whole and that the stored index, which stands at `indexSeq`, has taken in. */
  release(indexSeq: number): void {
    const upTo = Math.min(indexSeq, this.#acknowledgedSeq);
    for (let next = this.#segments[1]; next && next.firstSeq <= upTo + 1; next = this.#segments[1]) {
      const dropped = this.#segments.shift();
      if (dropped) rmSync(dropped.path, { force: true });
    }
  }

  async close(): Promise<void> {
    // What waits for a full disk is given up: the index is not ahead of the disk, so the next start finds it again.
    if (this.#fault) this.#closed.abort();
    await this.flushed();
    this.#closed.abort();
    this.#writer.close();
  }

  /** On disk; within the oldest segment by its entries' average size. */
  #unacknowledgedBytes(): number {
    const done = this.#acknowledgedSeq;
    let sum = 0;
    for (const [at, { firstSeq, bytes }] of this.#segments.entries()) {
      const lastSeq = (this.#segments[at + 1]?.firstSeq ?? this.#durableSeq + 1) - 1;
      const open = lastSeq - Math.max(done, firstSeq - 1);
      if (open > 0) sum += (bytes * open) / (lastSeq - firstSeq + 1);
    }
    return sum;
  }

  #fromDisk(seq: number): SpooledEntry[] {
    const [first] = this.#readBack;
    if (first && first.seq <= seq && (this.#readBack.at(-1)?.seq ?? 0) >= seq) return this.#readBack;
    const segment = this.#segments.findLast((candidate) => candidate.firstSeq <= seq);
    this.#readBack = (segment && readSegment(segment.path)?.entries) ?? [];
    return this.#readBack;
  }

  async #commit(): Promise<void> {
    // The first entry waits for the rest of what its caller has to say in this turn.
    await new Promise<void>((resolve) => setImmediate(resolve));
    while (this.#waiting.length > 0 && !this.#closed.signal.aborted) {
      const group = this.#waiting.slice();
      try {
        await this.#writer.append(Buffer.concat(group.map((waiting) => waiting.record)));
        this.#fault = null;
      } catch (error) {
        this.#fault = error instanceof Error ? error.message : String(error);
        this.#options.logger.error({ err: error }, 'Entries cannot be written to the spool; trying again');
        await delay(this.#options.clock, retryMs, this.#closed.signal).catch(() => {});
        continue;
      }
      this.#waiting.splice(0, group.length);
      this.#onCommitted(group);
    }
    this.#committing = undefined;
  }

  #onCommitted(group: (SpooledEntry & { record: Buffer })[]): void {
    for (const { seq, bytes, entry } of group) {
      this.#recent.push({ seq, bytes, entry });
      this.#recentBytes += bytes;
      this.#waitingBytes -= bytes;
      this.#bytesWritten += bytes;
      this.#durableSeq = seq;
    }
    while (this.#recentBytes > limits.spoolMemoryBytesMax) this.#recentBytes -= this.#recent.shift()?.bytes ?? 0;
    const current = this.#segments.at(-1);
    if (current) current.bytes = this.#writer.bytes;
    if (this.#writer.bytes >= limits.spoolSegmentBytes) this.#rotate();
    this.#durable.emit();
  }

  #rotate(): void {
    const firstSeq = this.#durableSeq + 1;
    try {
      const path = segmentPath(this.#options.folder, firstSeq);
      const writer = SegmentWriter.create(path, { spool: this.id, firstSeq });
      this.#writer.close();
      this.#writer = writer;
      this.#segments.push({ path, firstSeq, bytes: writer.bytes });
    } catch (error) {
      // The old segment goes on; the next group tries again.
      this.#options.logger.error({ err: error }, 'A new segment of the spool cannot be made');
    }
  }
}

function segmentPath(folder: string, firstSeq: number): string {
  return join(folder, `${String(firstSeq).padStart(16, '0')}.log`);
}
