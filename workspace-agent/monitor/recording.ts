import { mkdir, realpath } from 'node:fs/promises';
import { limits } from '../../lib/contracts/limits.ts';
import type { MonitorSettings } from '../../lib/contracts/protocol/workspace.ts';
import type { MonitorStatus } from '../../lib/contracts/records.ts';
import type { AgentOptions } from '../agent.ts';
import { Ledger } from './ledger.ts';
import { releaseMemory } from './memory.ts';
import { Recorder } from './recorder.ts';
import { type Drained, Rest } from './rest.ts';
import { Scanner } from './scanner.ts';
import { type MonitorConnection, Sender } from './sender.ts';
import { StatusTeller } from './status.ts';
import { openWatcher } from './watch/open-watcher.ts';
import type { WatchEvent } from './watch/watcher.ts';

const burstWindowMs = 1_000;
/** Recording that was paused for want of room goes on when this much of it is used. */
const resumePressure = 0.5;
/** After so many entries a rest is worth giving memory back. */
const floodEntries = 5_000;

export interface RecordingOptions extends AgentOptions {
  state: string;
  connection: MonitorConnection;
  /** Opens the watcher; {@link openWatcher} unless a test brings another. */
  openWatcher?: typeof openWatcher;
  spoolBytesMax?: number;
  onMismatch(): void;
}

/** One life of a spool: the parts of the monitor, wired. */
export class Recording {
  readonly ledger: Ledger;
  #options: RecordingOptions;
  #recorder: Recorder;
  #scanner: Scanner;
  #rest: Rest;
  #sender: Sender;
  #status: StatusTeller;
  #burst = { events: 0, timer: undefined as Disposable | undefined };
  #fault: string | null = null;
  #releasedSeq = 0;

  private constructor(options: RecordingOptions, ledger: Ledger, root: string) {
    const { clock, connection } = options;
    this.#options = options;
    this.ledger = ledger;
    const recorder = new Recorder({
      root,
      ledger,
      clock,
      onSlice: () => this.#checkRoom(),
      onUntold: () => this.#scanner.foundUntold(),
      onBlind: (reason) => this.#scanner.foundBlind(reason),
    });
    this.#recorder = recorder;
    this.#status = new StatusTeller({
      clock,
      read: () => this.#readStatus(),
      send: (status) => connection.send('monitor.status', status),
    });
    const onChange = () => {
      this.#rest.stir();
      this.#status.changed();
    };
    const scanner = new Scanner({ ledger, recorder, clock, onChange });
    this.#scanner = scanner;
    this.#sender = new Sender({
      ...options,
      ledger,
      onSettings: (settings) => this.applySettings(settings),
      onProgress: () => this.#onProgress(),
      onMismatch: options.onMismatch,
    });
    this.#rest = new Rest({ recorder, ledger, clock, scanner, onDrained: (drained) => this.#onDrained(drained) });
  }

  static async start(options: RecordingOptions): Promise<Recording> {
    const { config, clock, logger, state } = options;
    await mkdir(state, { recursive: true, mode: 0o700 });
    const root = await realpath(config.root);
    const ledger = await Ledger.open({ ...options, rules: config.ignore_rules });
    const recording = new Recording(options, ledger, root);
    const watcher = await (options.openWatcher ?? openWatcher)({
      root,
      state,
      clock,
      ignored: (path) => recording.#recorder.ignores(path),
      onEvents: (events) => recording.#hear(events),
      onFault: (error) => {
        logger.error({ err: error }, 'The watcher failed');
        recording.#fault = 'The watcher failed';
      },
    });
    recording.#recorder.watcher = watcher;
    recording.#scanner.start();
    return recording;
  }

  /** Puts the server's settings in force. */
  applySettings({ ignoreRules }: MonitorSettings): void {
    const now = this.ledger.rules;
    if (ignoreRules.length === now.length && ignoreRules.every((rule, at) => rule === now[at])) return;
    this.#recorder.setRules(ignoreRules);
    this.#scanner.request('rules');
  }

  /** Tells the server up to when everything is recorded, though nothing may have happened. */
  drain(): void {
    this.#rest.stir();
  }

  /** Stops watching and makes durable what has been recorded. */
  async close(): Promise<void> {
    this.#burst.timer?.[Symbol.dispose]();
    this.#scanner.close();
    this.#rest.close();
    this.#sender.close();
    this.#status.close();
    this.#recorder.close();
    await this.#recorder.watcher?.close();
    await this.ledger.close();
  }

  #hear(events: WatchEvent[]): void {
    if (events.some(({ kind }) => kind === 'lost')) this.#scanner.request('overflow');
    if (!this.#recorder.watcher?.tellsLost) this.#countBurst(events.length);
    this.#recorder.hear(events);
    this.#rest.stir();
  }

  /** So many events at once that a watcher which does not tell may have lost some. */
  #countBurst(events: number): void {
    this.#burst.events += events;
    this.#burst.timer ??= this.#options.clock.after(burstWindowMs, () => {
      if (this.#burst.events > limits.watchBurstEventsMax) this.#scanner.request('burst');
      this.#burst = { events: 0, timer: undefined };
    });
  }

  #onDrained(drained: Drained): void {
    this.#sender.drained(drained);
    // Once the server has all of it, so that what was kept for sending goes too.
    if (drained.seq - this.#releasedSeq < floodEntries || this.ledger.spool.pending > 0) return;
    this.#releasedSeq = drained.seq;
    releaseMemory();
  }

  #onProgress(): void {
    this.#checkRoom();
    if (!this.#sender.greeted) this.#status.forget();
    this.#status.changed();
  }

  /** Pauses recording, behind a gap, while neither the server nor the disk takes what has been recorded. */
  #checkRoom(): void {
    const { pressure } = this.ledger.spool;
    if (!this.#recorder.paused && pressure >= 1) {
      this.ledger.openGapFor('throttled');
      this.#recorder.pause();
      this.#status.changed();
    } else if (this.#recorder.paused && pressure <= resumePressure) {
      this.#recorder.resume();
      this.#scanner.request('throttled');
    }
  }

  #readStatus(): MonitorStatus {
    const { state, detail } = this.#health();
    return {
      state,
      detail: detail?.slice(0, 500) ?? null,
      watches: this.#recorder.watcher?.watches ?? 0,
      pending: this.ledger.spool.pending,
      version: this.#options.version,
    };
  }

  #health(): Pick<MonitorStatus, 'state' | 'detail'> {
    const { spool } = this.ledger;
    const blind = this.#scanner.blind;
    if (this.#recorder.paused)
      return { state: 'offline', detail: 'Too much waits for the server; what changes now is found by a later scan' };
    if (spool.fault) return { state: 'degraded', detail: `Entries cannot be written to disk: ${spool.fault}` };
    if (blind === 'no_watches')
      return { state: 'degraded', detail: 'The kernel has no watches left; the tree is scanned every 10 s' };
    if (blind === 'no_root') return { state: 'degraded', detail: 'The workspace’s folder is not there' };
    const fault = this.#sender.fault ?? this.#fault;
    if (fault) return { state: 'degraded', detail: fault };
    return { state: this.#scanner.running ? 'scanning' : 'live', detail: null };
  }
}
