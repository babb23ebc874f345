import type { IBuffer } from '@xterm/headless';
import { limits } from '../../../lib/contracts/limits.ts';
import { drawLines } from './lines.ts';

interface Part {
  bytes: Buffer;
  lines: number;
}

/** The older part of a terminal's scrollback, as text that draws it. */
export class Scrollback {
  readonly #parts: Part[] = [];
  #lines = 0;

  /** Takes over the lines of `buffer` before `end`. */
  push(buffer: IBuffer, end: number): void {
    this.#parts.push({ bytes: Buffer.from(drawLines(buffer, { start: 0, end })), lines: end });
    this.#lines += end;
    for (let oldest = this.#parts[0]; oldest; oldest = this.#parts[0]) {
      if (this.#lines - oldest.lines < limits.terminalScrollbackLinesMax) return;
      this.#parts.shift();
      this.#lines -= oldest.lines;
    }
  }

  clear(): void {
    this.#parts.length = 0;
    this.#lines = 0;
  }

  /** The newest parts that have at least `lines` lines together, if they fit into `bytesMax` bytes. */
  newest({ lines, bytesMax }: { lines: number; bytesMax: number }): Buffer {
    const taken: Buffer[] = [];
    let bytes = 0;
    let count = 0;
    for (const part of this.#parts.toReversed()) {
      bytes += part.bytes.length;
      if (count >= lines || bytes > bytesMax) break;
      count += part.lines;
      taken.unshift(part.bytes);
    }
    return Buffer.concat(taken);
  }
}
