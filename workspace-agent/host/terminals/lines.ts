import type { IBuffer, IBufferLine } from '@xterm/headless';
import { backgroundOf, sgr } from './attributes.ts';
import type { Cell } from './emulator-core.ts';

const plain = '\x1b[0m';

/**
 * Text that draws these lines, `end` not included, from the first column on; each leads to the next, and so does the
 * last one. It begins and ends with default attributes, and no line is begun with a colour: that would fill it.
 */
export function drawLines(buffer: IBuffer, { start, end }: { start: number; end: number }): string {
  const cell = buffer.getNullCell();
  let text = '';
  for (let row = start; row < end; row += 1) {
    const line = buffer.getLine(row);
    if (!line) continue;
    const { drawn, filled } = drawLine(line, cell);
    // Beyond its length a buffer answers with lines it had long ago.
    const next = row + 1 < buffer.length ? buffer.getLine(row + 1) : undefined;
    text += drawn + passage(line, filled, next);
  }
  return text;
}

/** `filled` is the column behind the last character printed. */
function drawLine(line: IBufferLine, reused: ReturnType<IBuffer['getNullCell']>): { drawn: string; filled: number } {
  let drawn = '';
  let filled = 0;
  let style = { fg: 0, bg: 0 };
  let blanks = 0;
  for (let column = 0; column < line.length; column += 1) {
    const cell = cellAt(line, column, reused);
    // The second half of a wide character.
    if (cell.getWidth() === 0) continue;
    const isBlank = cell.getChars() === '';
    const changes = cell.fg !== style.fg || cell.bg !== style.bg;
    // Blank cells differ by their background alone.
    if (isBlank && backgroundOf(cell) === (blanks > 0 ? backgroundOf(style) : 0) && (blanks > 0 || !changes)) {
      blanks += 1;
      continue;
    }
    drawn += drawBlanks(blanks, style);
    blanks = 0;
    if (changes) drawn += sgr(cell);
    style = { fg: cell.fg, bg: cell.bg };
    if (isBlank) blanks = 1;
    else drawn += cell.getChars();
    if (!isBlank) filled = column + cell.getWidth();
  }
  if (backgroundOf(style) !== 0) drawn += drawBlanks(blanks, style);
  return { drawn: style.fg === 0 && style.bg === 0 ? drawn : drawn + plain, filled };
}

function drawBlanks(count: number, style: { bg: number }): string {
  if (count === 0) return '';
  return `${backgroundOf(style) === 0 ? '' : `\x1b[${count}X`}\x1b[${count}C`;
}

/** From the end of a line to the beginning of the next, such that a line that was wrapped is wrapped again. */
function passage(line: IBufferLine, filled: number, next: IBufferLine | undefined): string {
  if (!next?.isWrapped) return '\r\n';
  const columns = line.length;
  const first = cellAt(next, 0);
  const isColored = first.getChars() === '' || backgroundOf(first) !== 0;
  // The next character wraps by itself, when the line is full or has no room for a wide one.
  if (!isColored && filled >= columns - (first.getWidth() - 1)) return '';
  if (filled === columns) return '-\r\x1b[X';
  const last = cellAt(line, columns - 1);
  return `\x1b[${columns}G--\x1b[A\x1b[${columns}G${sgr(last)}\x1b[X${plain}\x1b[B\r\x1b[X`;
}

/** The API's cell is the library's own, which has the packed attributes as well. */
function cellAt(line: IBufferLine, column: number, reused?: ReturnType<IBuffer['getNullCell']>): Cell {
  return line.getCell(column, reused) as unknown as Cell;
}
