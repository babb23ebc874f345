import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Logger } from 'pino';
import type { Clock } from '../../lib/base/clock.ts';
import type { Random } from '../../lib/base/random.ts';
import { limits } from '../../lib/contracts/limits.ts';
import { rootPath } from '../../lib/contracts/path.ts';
import type { GapReason, ObservedEntry } from '../../lib/contracts/trail.ts';
import { applyEntry, forgetIgnored, type IndexHead } from './index/apply-entry.ts';
import { type Checkpoint, readCheckpoint, writeCheckpoint } from './index/checkpoint.ts';
import { TreeIndex } from './index/tree-index.ts';
import { Spool, SpoolDamaged } from './spool/spool.ts';

/** At rest the index is stored this often at most, when it has changed. */
const checkpointMs = 60_000;

export interface LedgerOptions {
  /** The monitor's own folder. */
  state: string;
  /** The rules a fresh spool begins with. */
  rules: readonly string[];
  spoolBytesMax?: number;
  clock: Clock;
  random: Random;
  logger: Logger;
}

/**
 * What has been recorded: the spool, and the index that follows from it. An entry is written and the index changed in
 * one turn; the stored index never runs ahead of the durable spool, and at the start the spool is replayed onto it.
 */
export class Ledger {
  readonly spool: Spool;
  readonly index: TreeIndex;
  #options: LedgerOptions;
  #head: IndexHead;
  #checkpointSeq: number;
  #bytesAtCheckpoint = 0;
  #checkpointBytes = 0;
  #checkpointing: Promise<void> | undefined;
  #timer: Disposable | undefined;
  #closed = false;

  private constructor(options: LedgerOptions, spool: Spool, found: Checkpoint) {
    this.#options = options;
    this.spool = spool;
    this.index = found.index;
    this.#head = found.head;
    this.#checkpointSeq = found.seq;
    for (const { entry } of spool.replay(found.seq)) applyEntry(this.index, this.#head, entry);
    // The first entry of a spool, and the first after an index was lost, says which rules are in force.
    if (!this.#head.based && spool.lastSeq === found.seq) this.setRules(options.rules);
    spool.onDurable(() => this.#onDurable());
  }

  /** Opens what is in the state folder; what cannot be continued is put aside and a new spool begun. */
  static async open(options: LedgerOptions): Promise<Ledger> {
    try {
      const spool = Spool.open({
        ...options,
        folder: join(options.state, 'spool'),
        ...(options.spoolBytesMax === undefined ? {} : { bytesMax: options.spoolBytesMax }),
      });
      const stored = await readCheckpoint(checkpointPath(options));
      return new Ledger(options, spool, startingPoint(spool, stored));
    } catch (error) {
      if (!(error instanceof SpoolDamaged)) throw error;
      options.logger.error({ err: error }, 'The spool is damaged; a new one is begun');
      Ledger.discard(options);
      return Ledger.open(options);
    }
  }

  /** Removes spool and index. The next ledger has a new spool and begins with the whole tree. */
  static discard({ state }: { state: string }): void {
    rmSync(join(state, 'spool'), { recursive: true, force: true });
    rmSync(checkpointPath({ state }), { force: true });
  }

  get rules(): readonly string[] {
    return this.#head.rules;
  }

  /** Why the trail may be missing something just now, if it may. */
  get openGap(): GapReason | null {
    return this.#head.openGap;
  }

  /** Whether the whole tree has been, or is being, recorded; before that nothing else is worth recording. */
  get based(): boolean {
    return this.#head.based;
  }

  /** Writes an entry; the caller changes the index in the same turn. */
  write(entry: ObservedEntry): void {
    this.spool.append(entry);
  }

  setRules(rules: readonly string[]): void {
    this.write({ ...this.#blank('rules_changed'), rules: [...rules] });
    this.#head.rules = [...rules];
    forgetIgnored(this.index, rules);
  }

  /** Opens a gap unless one is open already: there is never more than one. */
  openGapFor(reason: GapReason): void {
    if (this.#head.openGap) return;
    this.write({ ...this.#blank('gap_opened'), reason });
    this.#head.openGap = reason;
    if (reason !== 'baseline') return;
    this.#head.based = true;
    this.index.clear();
  }

  closeGap(): void {
    if (!this.#head.openGap) return;
    this.write(this.#blank('gap_closed'));
    this.#head.openGap = null;
  }

  acknowledge(seq: number): void {
    this.spool.acknowledge(seq);
    this.spool.release(this.#checkpointSeq);
  }

  /** Makes everything durable, the index too, and closes. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#timer?.[Symbol.dispose]();
    await this.#checkpointing;
    if (this.spool.lastSeq > this.#checkpointSeq && !this.spool.fault) await this.#checkpoint();
    await this.spool.close();
  }

  #blank(kind: ObservedEntry['kind']): ObservedEntry {
    return {
      kind,
      type: null,
      path: rootPath,
      previousPath: null,
      mode: null,
      linkTarget: null,
      size: null,
      sha256: null,
      unhashed: null,
      coalesced: 0,
      reason: null,
      rules: null,
      observedAt: this.#options.clock.now(),
    };
  }

  #onDurable(): void {
    if (this.#closed || this.#checkpointing) return;
    const bytes = this.spool.bytesWritten - this.#bytesAtCheckpoint;
    if (bytes >= Math.max(limits.spoolSegmentBytes, this.#checkpointBytes)) void this.#checkpoint();
    else this.#timer ??= this.#options.clock.after(checkpointMs, () => void this.#checkpoint());
  }

  #checkpoint(): Promise<void> {
    this.#timer?.[Symbol.dispose]();
    this.#timer = undefined;
    const { spool, index } = this;
    this.#bytesAtCheckpoint = spool.bytesWritten;
    const checkpoint: Checkpoint = { spool: spool.id, seq: spool.lastSeq, head: this.#head, index };
    this.#checkpointing = writeCheckpoint(checkpointPath(this.#options), checkpoint, () => spool.flushed())
      .then((bytes) => {
        this.#checkpointBytes = bytes;
        this.#checkpointSeq = checkpoint.seq;
        spool.release(checkpoint.seq);
      })
      .catch((error: unknown) => this.#options.logger.error({ err: error }, 'The index cannot be stored'))
      .finally(() => {
        this.#checkpointing = undefined;
      });
    return this.#checkpointing;
  }
}

function checkpointPath({ state }: { state: string }): string {
  return join(state, 'index');
}

/** The stored index if the spool continues it, else an empty one: at the spool's beginning, or with all to be seen anew. */
function startingPoint(spool: Spool, stored: Checkpoint | undefined): Checkpoint {
  if (stored?.spool === spool.id) {
    if (stored.seq > spool.lastSeq) throw new SpoolDamaged('The spool ends before the index does');
    if (stored.seq >= spool.firstSeq - 1) return stored;
  }
  const head: IndexHead = { rules: [], openGap: null, based: false };
  const seq = spool.firstSeq === 1 ? 0 : spool.lastSeq;
  return { spool: spool.id, seq, head, index: new TreeIndex() };
}
