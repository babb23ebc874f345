import type { Clock } from '../base/clock.ts';
import { Disposables } from '../base/disposables.ts';
import type { Random } from '../base/random.ts';
import { errorTable, type Problem, toProblem } from '../contracts/errors.ts';
import type { ClientId, TerminalId } from '../contracts/ids.ts';
import type { TerminalRestore } from '../contracts/protocol/terminals.ts';
import type { Terminal } from '../contracts/records.ts';
import type { Connection, PushParams } from './connection.ts';
import { Observable, type Readable } from './observable.ts';
import { TerminalInput } from './terminal-input.ts';
import { fullReset, type TerminalScreen } from './terminal-screen.ts';

const attachRetryMs = 1_000;

export interface TerminalSize {
  columns: number;
  rows: number;
}

export type ScreenState =
  /** Nothing drawn yet. */
  | { kind: 'blank' }
  /** Drawn up to here and going on. */
  | { kind: 'live' }
  /** Drawn, but output may be missing until it is attached again. */
  | { kind: 'behind' }
  | { kind: 'failed'; problem: Problem };

/**
 * One terminal seen from one browser: output placed by offset, so that nothing is drawn twice and a hole is noticed;
 * credit for what was parsed; input that survives a reconnect; a size that follows whoever types.
 */
export class TerminalModel implements Disposable {
  readonly terminalId: TerminalId;
  readonly #connection: Connection;
  readonly #clock: Clock;
  readonly #input: TerminalInput;
  readonly #record: Observable<Terminal>;
  readonly #screenState = new Observable<ScreenState>({ kind: 'blank' });
  readonly #ending = new Disposables();
  #screen: TerminalScreen | undefined;
  /** Where the output drawn or handed to the screen ends; undefined while nothing is. */
  #received: number | undefined;
  #credited = 0;
  #attaching = false;
  #attachments = 0;
  #retry: Disposable | undefined;
  /** Output that came while an attachment was under way. */
  #early: PushParams<'terminal.data'>[] = [];
  /** Whether this browser was the last one typed in, as far as it knows. */
  #ownsSize: boolean;
  #room: TerminalSize | undefined;
  /** Sizes asked for and not yet seen to be taken, in order. */
  #asked: TerminalSize[] = [];

  constructor(options: {
    connection: Connection;
    clock: Clock;
    random: Random;
    clientId: ClientId;
    terminal: Terminal;
    /** Opened by this very page, so its size is this page's to say. */
    openedHere: boolean;
  }) {
    this.terminalId = options.terminal.terminalId;
    this.#connection = options.connection;
    this.#clock = options.clock;
    this.#ownsSize = options.openedHere;
    this.#record = new Observable(options.terminal);
    this.#input = this.#ending.add(new TerminalInput({ ...options, terminalId: this.terminalId }));
    this.#ending.add(this.#connection.onAttached(() => this.#reattach()));
  }

  get record(): Readable<Terminal> {
    return this.#record;
  }

  get screenState(): Readable<ScreenState> {
    return this.#screenState;
  }

  /** Draws on `screen` from now on, which must be empty. */
  bind(screen: TerminalScreen): Disposable {
    this.#screen = screen;
    this.#received = undefined;
    void this.#attach();
    return {
      [Symbol.dispose]: () => {
        if (this.#screen !== screen) return;
        this.#screen = undefined;
        this.#received = undefined;
        this.#connection.emit('terminal.detach', { terminalId: this.terminalId });
      },
    };
  }

  /** What a person typed or pasted. False when too much is waiting to be written already. */
  type(bytes: Uint8Array): boolean {
    if (this.#record.get().state.kind !== 'running') return true;
    this.claimSize();
    return this.#input.push(bytes);
  }

  /** How much fits into this page. It becomes the terminal's size if this browser is the one in use. */
  fit(room: TerminalSize): void {
    this.#room = room;
    if (this.#ownsSize) this.#ask();
  }

  /** This browser is the one in use now: the terminal takes its size. */
  claimSize(): void {
    this.#ownsSize = true;
    this.#ask();
  }

  /** The gateway says what became of the terminal. */
  changed(terminal: Terminal): void {
    const before = this.#record.get();
    this.#record.set(terminal);
    if (before.state.kind === 'lost' && terminal.state.kind === 'running') {
      // Its host is back after all: what was drawn was the stored screen, without a place in the output.
      this.#received = undefined;
      void this.#attach();
    }
    if (sameSize(before, terminal)) return;
    const mine = this.#asked.findIndex((size) => sameSize(size, terminal));
    if (mine < 0) this.#ownsSize = false;
    this.#asked = this.#asked.slice(mine < 0 ? this.#asked.length : mine + 1);
    this.#screen?.resize(terminal.columns, terminal.rows);
  }

  /** Output from the gateway. */
  data(frame: PushParams<'terminal.data'>): void {
    if (!this.#screen) return;
    if (this.#attaching) this.#early.push(frame);
    else this.#place(frame);
  }

  /** Output was left out for this browser. */
  behind(): void {
    if (this.#attaching) return;
    this.#screenState.set({ kind: 'behind' });
    void this.#attach();
  }

  [Symbol.dispose](): void {
    this.#ending[Symbol.dispose]();
    this.#retry?.[Symbol.dispose]();
    this.#screen = undefined;
  }

  #reattach(): void {
    this.#asked = [];
    this.#attaching = false;
    void this.#attach();
    this.#input.resend();
    if (this.#ownsSize) this.#ask();
  }

  async #attach(): Promise<void> {
    const screen = this.#screen;
    if (!screen || !this.#connection.live) return;
    this.#retry?.[Symbol.dispose]();
    this.#attachments += 1;
    const attachment = this.#attachments;
    this.#attaching = true;
    this.#early = [];
    // An attachment that another has overtaken, or whose screen is gone, has nothing to say any more.
    const current = () => attachment === this.#attachments && screen === this.#screen;
    try {
      const params = { terminalId: this.terminalId, offset: this.#received ?? null };
      const { terminal, restore } = await this.#connection.request('terminal.attach', params);
      if (!current()) return;
      this.#attaching = false;
      this.#record.set(terminal);
      this.#restore(restore);
      this.#screenState.set({ kind: 'live' });
      for (const frame of this.#early.splice(0)) this.#place(frame);
    } catch (error) {
      if (!current()) return;
      this.#attaching = false;
      if (this.#connection.live) this.#attachFailed(toProblem(error));
    }
  }

  /** The workspace may only be on its way back after a restart: tries again while that can help. */
  #attachFailed(problem: Problem): void {
    this.#screenState.set({ kind: 'failed', problem });
    if (errorTable[problem.code].retryable) this.#retry = this.#clock.after(attachRetryMs, () => void this.#attach());
  }

  #restore(restore: TerminalRestore): void {
    if (restore.kind === 'output') {
      const { columns, rows } = this.#record.get();
      this.#screen?.resize(columns, rows);
      const begin = restore.offset - restore.bytes.byteLength;
      this.#received ??= begin;
      this.#place({ terminalId: this.terminalId, offset: begin, bytes: restore.bytes });
      return;
    }
    this.#received = restore.offset;
    this.#screen?.resize(restore.columns, restore.rows);
    const bytes = new Uint8Array(fullReset.length + restore.bytes.byteLength);
    bytes.set(fullReset);
    bytes.set(restore.bytes, fullReset.length);
    this.#draw(bytes, restore.offset);
  }

  #place({ offset, bytes }: PushParams<'terminal.data'>): void {
    const end = offset + bytes.byteLength;
    if (this.#received === undefined || end <= this.#received) return;
    if (offset > this.#received) {
      this.behind();
      return;
    }
    const fresh = bytes.subarray(this.#received - offset);
    this.#received = end;
    this.#draw(fresh, end);
  }

  #draw(bytes: Uint8Array, end: number): void {
    this.#screen?.write(bytes, () => this.#credit(end));
  }

  #credit(offset: number): void {
    // A screen that went back (the host began anew) lowers the offset; credit follows it.
    if (offset === this.#credited) return;
    this.#credited = offset;
    this.#connection.emit('terminal.credit', { terminalId: this.terminalId, offset });
  }

  #ask(): void {
    const { columns, rows, state } = this.#record.get();
    const size = this.#room;
    if (!size || state.kind !== 'running') return;
    if (sameSize(size, this.#asked.at(-1) ?? { columns, rows })) return;
    if (this.#connection.emit('terminal.resize', { terminalId: this.terminalId, ...size })) this.#asked.push(size);
  }
}

function sameSize(a: TerminalSize, b: TerminalSize): boolean {
  return a.columns === b.columns && a.rows === b.rows;
}
