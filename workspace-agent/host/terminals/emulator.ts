import headless from '@xterm/headless';
import { Emitter } from '../../../lib/base/emitter.ts';
import { limits } from '../../../lib/contracts/limits.ts';
import type { Core } from './emulator-core.ts';
import { drawScreen } from './screen.ts';
import { Scrollback } from './scrollback.ts';
import { unfinishedBytes } from './unfinished.ts';
import { wholeCharacters } from './whole-characters.ts';

/** The parameter of ED that erases what has scrolled away. */
const eraseScrollback = 3;

/**
 * The host's own screen of a terminal: it parses all output, answers the queries in it, and can draw its exact state
 * at any time. Output waits in a queue of its own, because the library's queue cannot be emptied at a known point.
 */
export class Emulator {
  readonly #terminal: headless.Terminal;
  readonly #scrollback = new Scrollback();
  readonly #answers = new Emitter<string>();
  readonly #titles = new Emitter<string>();
  readonly #parsed = new Emitter<void>();
  #queue: Uint8Array[] = [];
  #unparsedBytes = 0;
  #scheduled: NodeJS.Immediate | undefined;

  constructor({ columns, rows }: { columns: number; rows: number }) {
    this.#terminal = new headless.Terminal({
      cols: columns,
      rows,
      scrollback: limits.terminalScrollbackLinesMax,
      allowProposedApi: true,
      logLevel: 'off',
    });
    this.#terminal.onData((text) => this.#answers.emit(text));
    this.#terminal.onTitleChange((title) => this.#titles.emit(title));
    this.#terminal.parser.registerCsiHandler({ final: 'J' }, ([part]) => {
      if (part === eraseScrollback && this.#core.buffer === this.#core.buffers.normal) this.#scrollback.clear();
      return false;
    });
    this.#terminal.parser.registerEscHandler({ final: 'c' }, () => {
      this.#scrollback.clear();
      return false;
    });
  }

  /** What the terminal answers to queries in the output (DA, DSR, …), to be written to its pty. */
  onAnswer(listener: (text: string) => void): Disposable {
    return this.#answers.on(listener);
  }

  onTitle(listener: (title: string) => void): Disposable {
    return this.#titles.on(listener);
  }

  /** Calls `listener` after each slice of parsing. */
  onParsed(listener: () => void): Disposable {
    return this.#parsed.on(listener);
  }

  get unparsedBytes(): number {
    return this.#unparsedBytes;
  }

  /** Takes output in charge, whole characters of it; it is parsed soon, in slices. `bytes` must not change afterwards. */
  write(bytes: Uint8Array): void {
    this.#queue.push(bytes);
    this.#unparsedBytes += bytes.length;
    this.#scheduled ??= setImmediate(() => this.#parseSlice());
  }

  resize({ columns, rows }: { columns: number; rows: number }): void {
    this.#parseAll();
    this.#terminal.resize(columns, rows);
    this.#forgetOld();
  }

  /**
   * Output has come to rest: from now on the older scrollback is text, which costs a twentieth of what cells do. Not
   * done earlier, because most lines of a flood are dropped unseen and drawing each would take longer than parsing it.
   */
  settle(): void {
    this.#parseAll();
    if (this.#core.buffers.normal.ybase > limits.terminalLiveScrollbackLinesMax) this.#takeOver();
  }

  /**
   * Bytes that draw the state after all output written so far onto a reset terminal of this size. Scrollback beyond
   * `scrollbackLines` is left out, and more of it, oldest first, until the result has at most `bytesMax` bytes.
   * @param tail the last output, in which an unfinished escape sequence is looked for
   */
  draw({ tail, scrollbackLines, bytesMax }: { tail: Uint8Array; scrollbackLines: number; bytesMax: number }): Buffer {
    this.#parseAll();
    const rest = unfinishedBytes(this.#core, tail);
    const live = this.#core.buffers.normal.ybase;
    for (let lines = Math.min(scrollbackLines, live); ; lines = Math.floor(lines / 2)) {
      const screen = Buffer.from(drawScreen(this.#terminal, lines));
      const room = bytesMax - screen.length - rest.length;
      if (room >= 0)
        return Buffer.concat([
          this.#scrollback.newest({ lines: scrollbackLines - live, bytesMax: room }),
          screen,
          rest,
        ]);
      // A viewport alone that is too large, each cell in a colour of its own: its plain text is what can be kept.
      if (lines === 0) return this.#plainText(bytesMax);
    }
  }

  dispose(): void {
    clearImmediate(this.#scheduled);
    this.#queue = [];
    this.#terminal.dispose();
  }

  get #core(): Core {
    return (this.#terminal as unknown as { _core: Core })._core;
  }

  #parseSlice(): void {
    this.#scheduled = undefined;
    const end = performance.now() + limits.terminalParseSliceMsMax;
    let count = 0;
    while (count < this.#queue.length && performance.now() < end) this.#parse(this.#queue[count++]);
    this.#queue.splice(0, count);
    if (this.#queue.length > 0) this.#scheduled = setImmediate(() => this.#parseSlice());
    this.#parsed.emit();
  }

  #parseAll(): void {
    for (const bytes of this.#queue.splice(0)) this.#parse(bytes);
  }

  #parse(bytes: Uint8Array | undefined): void {
    if (!bytes) return;
    this.#unparsedBytes -= bytes.length;
    for (let start = 0; start < bytes.length; ) {
      const piece = bytes.subarray(start, start + limits.terminalFrameBytesMax);
      const length = wholeCharacters(piece) || piece.length;
      this.#core.writeSync(piece.subarray(0, length));
      start += length;
    }
    this.#forgetOld();
  }

  /** Once the cells hold as much as is kept at all, what is older is beyond the limit, and they drop lines by themselves. */
  #forgetOld(): void {
    if (this.#core.buffers.normal.ybase >= limits.terminalScrollbackLinesMax) this.#scrollback.clear();
  }

  /** Turns the older part of the cells' scrollback into text. */
  #takeOver(): void {
    const { normal } = this.#core.buffers;
    const lines = this.#terminal.buffer.normal;
    let end = normal.ybase - limits.terminalLiveScrollbackLinesMax / 2;
    while (end > 0 && lines.getLine(end)?.isWrapped) end -= 1;
    // One line that is wrapped all the way is cut: its two parts no longer flow together when the width changes.
    if (end === 0) end = normal.ybase - limits.terminalLiveScrollbackLinesMax / 2;
    this.#scrollback.push(lines, end);
    normal.lines.trimStart(end);
    // The list keeps hold of what it has dropped until it makes itself anew.
    normal.lines.maxLength += 1;
    normal.lines.maxLength -= 1;
    normal.ybase -= end;
    normal.ydisp = Math.max(0, normal.ydisp - end);
    normal.savedY -= end;
  }

  #plainText(bytesMax: number): Buffer {
    const { active } = this.#terminal.buffer;
    const rows = Array.from({ length: this.#terminal.rows }, (_, row) =>
      (active.getLine(active.baseY + row)?.translateToString(true) ?? '').replaceAll(/[^\x20-\x7e]/g, '?'),
    );
    return Buffer.from(rows.join('\r\n')).subarray(0, bytesMax);
  }
}
