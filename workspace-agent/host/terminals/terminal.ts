import { type Clock, delay } from '../../../lib/base/clock.ts';
import { Disposables } from '../../../lib/base/disposables.ts';
import { CoditectError } from '../../../lib/contracts/errors.ts';
import type { ClientId, SessionId, TerminalId } from '../../../lib/contracts/ids.ts';
import { limits } from '../../../lib/contracts/limits.ts';
import type { TerminalRestore } from '../../../lib/contracts/protocol/terminals.ts';
import type { Terminal as TerminalRecord } from '../../../lib/contracts/records.ts';
import { Emulator } from './emulator.ts';
import { InputOrder } from './input-order.ts';
import { TerminalOutput } from './output.ts';
import { processesBelow, processesOfSession, signalProcess } from './processes.ts';
import { openPty, type Pty, type PtyExit } from './pty.ts';
import { Replay } from './replay.ts';
import { wholeCharacters } from './whole-characters.ts';

export interface TerminalSize {
  columns: number;
  rows: number;
}

export interface TerminalOptions extends TerminalSize {
  terminalId: TerminalId;
  sessionId: SessionId;
  file: string;
  args: string[];
  env: Record<string, string>;
  cwd: string;
  clock: Clock;
  send(frame: { offset: number; bytes: Uint8Array }): void;
  /** Its record changed: size, title, or the end. */
  changed(): void;
  /** Its output has rested, or it has ended, and its screen is another than the one last told. */
  rested(): void;
}

const closePollMs = 20;

/** One shell in the workspace, with all that browsers see of it. */
export class Terminal {
  readonly #options: TerminalOptions;
  readonly #pty: Pty;
  readonly #emulator: Emulator;
  readonly #replay = new Replay(limits.terminalReplayBytes);
  readonly #output: TerminalOutput;
  readonly #input = new InputOrder();
  readonly #ends = new Disposables();
  #record: TerminalRecord;
  #holds = { window: false, parser: false };
  #titleTimer: Disposable | undefined;
  #restTimer: Disposable | undefined;
  #lastOutputAt = 0;
  /** The beginning of a character whose rest has not been read yet. */
  #begun: Buffer = Buffer.alloc(0);

  constructor(options: TerminalOptions) {
    const { terminalId, sessionId, columns, rows, clock } = options;
    this.#options = options;
    this.#record = {
      terminalId,
      sessionId,
      title: 'Terminal',
      columns,
      rows,
      startedAt: clock.now(),
      state: { kind: 'running' },
    };
    this.#emulator = new Emulator(options);
    this.#output = new TerminalOutput({
      clock,
      send: options.send,
      hold: (held) => this.#hold({ window: held }),
    });
    this.#pty = openPty({
      ...options,
      onData: (bytes) => this.#onOutput(bytes),
      onExit: (exit) => this.#onExit(exit),
    });
    this.#ends.defer(() => this.#emulator.dispose());
    this.#ends.defer(() => this.#output.dispose());
    this.#ends.add(this.#emulator.onAnswer((text) => this.#pty.write(text)));
    this.#ends.add(this.#emulator.onTitle((title) => this.#onTitle(title)));
    this.#ends.add(this.#emulator.onParsed(() => this.#onParsed()));
  }

  get record(): TerminalRecord {
    return this.#record;
  }

  get running(): boolean {
    return this.#record.state.kind === 'running';
  }

  /** Whether anything runs in it beside the shell. */
  async isBusy(): Promise<boolean> {
    return this.running && (await processesBelow(this.#pty.pid)).length > 0;
  }

  /**
   * What brings a browser that has the output up to `offset` (null: nothing) up to date. Frames sent from now on go on
   * exactly where it ends.
   */
  attach(offset: number | null): TerminalRestore {
    this.#output.flush();
    const missed = offset === null ? undefined : this.#replay.from(offset);
    const restore: TerminalRestore = missed
      ? { kind: 'output', offset: this.#replay.end, bytes: missed }
      : {
          kind: 'screen',
          offset: this.#replay.end,
          columns: this.#record.columns,
          rows: this.#record.rows,
          bytes: this.draw(limits.terminalScrollbackLinesMax),
        };
    this.#output.attached();
    return restore;
  }

  /** The screen with at most this much scrollback, as bytes that draw it. */
  draw(scrollbackLines: number): Uint8Array {
    const tail = this.#replay.from(this.#replay.start) ?? new Uint8Array();
    return this.#emulator.draw({ tail, scrollbackLines, bytesMax: limits.terminalSnapshotBytesMax });
  }

  credit(credit: { offset: number; live: number }): void {
    this.#output.credit(credit);
  }

  /** The gateway is gone: output goes to the screen alone. */
  detach(): void {
    this.#output.drain();
  }

  /**
   * Writes a piece of input in its turn; the answer is the last sequence written for this client. A piece that comes
   * again or before its turn is not written.
   * @throws CoditectError `rate_limited` while the program in the terminal does not read what it has been sent.
   */
  input({ clientId, seq, bytes }: { clientId: ClientId; seq: number; bytes: Uint8Array }): number {
    if (!this.running) throw new CoditectError('conflict', 'This terminal has ended');
    if (!this.#input.isNext(clientId, seq)) return this.#input.last(clientId);
    if (this.#pty.unwrittenBytes + bytes.length > limits.terminalInputUnackedBytesMax)
      throw new CoditectError('rate_limited', 'The program in this terminal does not read its input', {
        retryAfterMs: 100,
      });
    this.#pty.write(bytes);
    this.#input.written(clientId, seq);
    return seq;
  }

  resize({ columns, rows }: TerminalSize): void {
    if (columns === this.#record.columns && rows === this.#record.rows) return;
    this.#output.flush();
    this.#emulator.resize({ columns, rows });
    if (this.running) this.#pty.resize({ columns, rows });
    this.#change({ columns, rows });
    this.#awaitRest();
  }

  /** Ends its processes, politely first, and forgets it. Resolves when they have ended. */
  async close(): Promise<void> {
    const wasRunning = this.running;
    this.#ends[Symbol.dispose]();
    this.#titleTimer?.[Symbol.dispose]();
    this.#restTimer?.[Symbol.dispose]();
    // Nothing may keep its output from being read to the end any more.
    this.#pty.resume();
    if (wasRunning) await endSession(this.#pty.pid, this.#options.clock);
  }

  #onOutput(bytes: Buffer): void {
    const all = this.#begun.length === 0 ? bytes : Buffer.concat([this.#begun, bytes]);
    const length = wholeCharacters(all);
    this.#begun = all.subarray(length);
    if (length > 0) this.#take(all.subarray(0, length));
  }

  #take(bytes: Uint8Array): void {
    if (this.#ends.ended) return;
    this.#replay.push(bytes);
    this.#output.push(bytes);
    this.#emulator.write(bytes);
    if (this.#emulator.unparsedBytes > limits.terminalUnparsedBytesMax) this.#hold({ parser: true });
    this.#lastOutputAt = this.#options.clock.monotonic();
    this.#awaitRest();
  }

  #onParsed(): void {
    if (this.#emulator.unparsedBytes <= limits.terminalUnparsedBytesMax / 2) this.#hold({ parser: false });
  }

  #hold(change: Partial<{ window: boolean; parser: boolean }>): void {
    const before = this.#holds.window || this.#holds.parser;
    this.#holds = { ...this.#holds, ...change };
    const after = this.#holds.window || this.#holds.parser;
    if (after === before) return;
    if (after) this.#pty.pause();
    else this.#pty.resume();
  }

  #onTitle(title: string): void {
    const text = title.slice(0, limits.terminalTitleLengthMax).toWellFormed();
    this.#record = { ...this.#record, title: text };
    // A program may set titles as quickly as it prints.
    this.#titleTimer ??= this.#options.clock.after(limits.terminalTitleDelayMs, () => {
      this.#titleTimer = undefined;
      this.#options.changed();
    });
  }

  #onExit({ exitCode, signal }: PtyExit): void {
    if (this.#ends.ended) return;
    if (this.#begun.length > 0) this.#take(this.#begun);
    this.#output.flush();
    this.#change({ state: { kind: 'exited', exitCode, signal, at: this.#options.clock.now() } });
    this.#restTimer?.[Symbol.dispose]();
    this.#rest();
  }

  #rest(): void {
    this.#emulator.settle();
    this.#options.rested();
  }

  #change(change: Partial<TerminalRecord>): void {
    this.#record = { ...this.#record, ...change };
    this.#options.changed();
  }

  // One timer, moved on when it fires too early: output may come a thousand times a second.
  #awaitRest(): void {
    this.#restTimer ??= this.#restAfter(limits.terminalSnapshotRestMs);
  }

  #restAfter(delayMs: number): Disposable {
    return this.#options.clock.after(delayMs, () => {
      const restedMs = this.#options.clock.monotonic() - this.#lastOutputAt;
      const missingMs = limits.terminalSnapshotRestMs - restedMs;
      this.#restTimer = missingMs > 0 ? this.#restAfter(missingMs) : undefined;
      if (missingMs <= 0) this.#rest();
    });
  }
}

async function endSession(leader: number, clock: Clock): Promise<void> {
  for (const pid of [leader, ...(await processesBelow(leader))]) signalProcess(pid, 'SIGHUP');
  const end = clock.monotonic() + limits.terminalCloseGraceMs;
  for (;;) {
    const left = await processesOfSession(leader);
    if (left.length === 0) return;
    if (clock.monotonic() >= end) for (const pid of left) signalProcess(pid, 'SIGKILL');
    await delay(clock, closePollMs);
  }
}
