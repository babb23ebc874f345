import type { Clock } from '../../lib/base/clock.ts';
import { limits } from '../../lib/contracts/limits.ts';
import type { GapReason } from '../../lib/contracts/trail.ts';
import type { Ledger } from './ledger.ts';
import type { Recorder } from './recorder.ts';

const heartbeatMs = 250;

/** Reasons that are a gap by themselves; for the others one is opened when the scan finds what no event told. */
const eager: ReadonlySet<GapReason> = new Set(['baseline', 'overflow', 'stalled', 'burst', 'no_watches', 'throttled']);

export interface ScannerOptions {
  ledger: Ledger;
  recorder: Recorder;
  clock: Clock;
  onChange(): void;
}

/**
 * The reconciling scan, which is the truth: at the start, when events were lost or nobody was there to hear them, and
 * now and then. It decides when a gap begins and ends:
 *
 * - events were lost, not heard or not recorded (`baseline`, `overflow`, `stalled`, `burst`, `no_watches`,
 *   `throttled`): at once, whatever the scan finds;
 * - otherwise (`started`, `rules`, `periodic`): before the first difference that no event told;
 * - it ends with a scan that saw the whole tree with every folder watched, and after which nothing is left to look at
 *   of what was known when the scan ended.
 */
export class Scanner {
  #options: ScannerOptions;
  #reason: GapReason = 'started';
  #running: Promise<void> | undefined;
  #scanned = false;
  #again = false;
  #blind: 'no_watches' | 'no_root' | null = null;
  #next: Disposable | undefined;
  #heartbeat: Disposable | undefined;
  #closed = false;

  constructor(options: ScannerOptions) {
    this.#options = options;
  }

  /** Also before the first scan: until then nothing is known. */
  get running(): boolean {
    return this.#running !== undefined || !this.#scanned;
  }

  /** Why the last scan did not see or does not watch everything. */
  get blind(): 'no_watches' | 'no_root' | null {
    return this.#blind;
  }

  start(): void {
    this.request(this.#options.ledger.based ? 'started' : 'baseline');
    this.#beat(this.#options.clock.monotonic());
  }

  close(): void {
    this.#closed = true;
    this.#next?.[Symbol.dispose]();
    this.#heartbeat?.[Symbol.dispose]();
  }

  /** Scans, or scans once more when a scan is under way. */
  request(reason: GapReason): void {
    if (this.#closed) return;
    const { ledger, recorder } = this.#options;
    if (eager.has(reason)) ledger.openGapFor(reason);
    if (recorder.paused) return;
    if (this.#running) {
      this.#again = true;
      return;
    }
    this.#reason = reason;
    this.#next?.[Symbol.dispose]();
    this.#running = this.#run().finally(() => {
      this.#running = undefined;
      this.#scanned = true;
      this.#options.onChange();
      this.#scheduleNext();
    });
    this.#options.onChange();
  }

  /** Something was found that no event told. The scan that is under way, or else a new one, ends the gap. */
  foundUntold(): void {
    this.#options.ledger.openGapFor(this.#running ? this.#reason : 'periodic');
    if (!this.#running) this.request('periodic');
  }

  foundBlind(reason: 'no_watches' | 'no_root'): void {
    if (this.#blind === reason) return;
    this.#blind = reason;
    if (reason === 'no_watches') this.#options.ledger.openGapFor('no_watches');
    this.#options.onChange();
    // Outside a scan, the next one comes soon.
    if (!this.#running) this.#scheduleNext();
  }

  async #run(): Promise<void> {
    const { ledger, recorder } = this.#options;
    do {
      this.#again = false;
      this.#blind = null;
      await recorder.scan();
    } while (this.#again && !this.#closed && !recorder.paused);
    if (this.#closed || recorder.paused || this.#blind) return;
    ledger.closeGap();
  }

  #scheduleNext(): void {
    if (this.#closed) return;
    this.#next?.[Symbol.dispose]();
    const delayMs = this.#blind ? limits.scanWithoutWatchesMs : limits.scanIntervalMs;
    this.#next = this.#options.clock.after(delayMs, () => this.request('periodic'));
  }

  /** A process that was stopped, or starved, does not know what its watcher went through. */
  #beat(beforeMs: number): void {
    this.#heartbeat = this.#options.clock.after(heartbeatMs, () => {
      const nowMs = this.#options.clock.monotonic();
      if (nowMs - beforeMs > limits.monitorStallMs) this.request('stalled');
      this.#beat(nowMs);
    });
  }
}
