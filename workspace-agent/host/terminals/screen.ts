import type { IBuffer, Terminal } from '@xterm/headless';
import { sgr } from './attributes.ts';
import type { Cell, Charset, Core, CoreBuffer } from './emulator-core.ts';
import { drawLines } from './lines.ts';

/**
 * Text that draws the terminal's screens, scrollback and modes onto a reset one of the same size, in an order in which
 * no part undoes another.
 */
export function drawScreen(terminal: Terminal, scrollbackLines: number): string {
  const core = (terminal as unknown as { _core: Core })._core;
  const { normal, active, alternate } = terminal.buffer;
  // Not 1049, which would overwrite the saved cursor.
  const second = active === normal ? '' : `${savedCursor(core.buffers.normal)}\x1b[m\x1b[?1047h\x1b[H`;
  return [
    drawBuffer(normal, normal.baseY - scrollbackLines),
    second && second + drawBuffer(alternate, 0),
    savedCursor(core.buffer),
    scrollRegion(core),
    charsets(core),
    modes(terminal, core),
    cursor(terminal, core),
  ].join('');
}

function drawBuffer(buffer: IBuffer, start: number): string {
  // What follows the last line would scroll.
  return drawLines(buffer, { start: Math.max(0, start), end: buffer.length }).slice(0, -'\r\n'.length);
}

/** Saves the cursor, with its attributes and charset, where the buffer has it saved. Leaves the cursor there. */
function savedCursor(buffer: CoreBuffer): string {
  const row = Math.max(0, buffer.savedY - buffer.ybase);
  const charset = designation(buffer.savedCharset);
  return `\x1b(${charset}${sgr(buffer.savedCurAttrData)}${moveTo(row, buffer.savedX)}\x1b7\x1b(B${moveTo(buffer.y, buffer.x)}`;
}

function scrollRegion({ buffer, rows }: Core): string {
  if (buffer.scrollTop === 0 && buffer.scrollBottom === rows - 1) return '';
  return `\x1b[${buffer.scrollTop + 1};${buffer.scrollBottom + 1}r`;
}

function charsets({ _charsetService: service }: Core): string {
  const designations = ['(', ')', '*', '+'].map((slot, index) => {
    const charset = designation(service._charsets[index]);
    return charset === 'B' ? '' : `\x1b${slot}${charset}`;
  });
  const shift = ['', '\x0e', '\x1bn', '\x1bo'][service.glevel] ?? '';
  return designations.join('') + shift;
}

/** The final character of the sequence that designates `charset`; of the national ones none is told apart from ASCII. */
function designation(charset: Charset | undefined): string {
  return charset?.['`'] === '\u25c6' ? '0' : 'B';
}

function modes(terminal: Terminal, core: Core): string {
  const mode = terminal.modes;
  const mouse = { none: '', x10: '?9h', vt200: '?1000h', drag: '?1002h', any: '?1003h' }[mode.mouseTrackingMode];
  const encoding = { SGR: '?1006h', SGR_PIXELS: '?1016h' }[core.coreMouseService.activeEncoding] ?? '';
  const { cursorStyle, cursorBlink } = core.coreService.decPrivateModes;
  const shape = cursorStyle && { block: 1, underline: 3, bar: 5 }[cursorStyle] + (cursorBlink ? 0 : 1);
  const sequences = [
    mode.applicationCursorKeysMode && '?1h',
    mode.bracketedPasteMode && '?2004h',
    mode.reverseWraparoundMode && '?45h',
    mode.sendFocusMode && '?1004h',
    !mode.wraparoundMode && '?7l',
    core.coreService.isCursorHidden && '?25l',
    // Homes the cursor, which is placed afterwards.
    mode.originMode && '?6h',
    mouse,
    encoding,
    shape && `${shape} q`,
  ];
  const keypad = mode.applicationKeypadMode ? '\x1b=' : '';
  return keypad + sequences.map((sequence) => (sequence ? `\x1b[${sequence}` : '')).join('');
}

function cursor(terminal: Terminal, core: Core): string {
  const { buffer } = core;
  const row = buffer.y - (terminal.modes.originMode ? buffer.scrollTop : 0);
  const insert = terminal.modes.insertMode ? '\x1b[4h' : '';
  const attributes = core._inputHandler._curAttrData;
  const last = lastPrinted(terminal, core);
  if (!last) return moveTo(row, Math.min(buffer.x, core.cols - 1)) + sgr(attributes) + insert;
  const printed = moveTo(row, last.column) + sgr(last.cell) + last.cell.getChars();
  const unchanged = last.cell.fg === attributes.fg && last.cell.bg === attributes.bg;
  return printed + (unchanged ? '' : sgr(attributes)) + insert;
}

/**
 * The cell before the cursor, when it must be printed again: behind the last column the cursor stands where no
 * sequence can move it, and a character just printed may be repeated (REP) or combined with the next.
 */
function lastPrinted(terminal: Terminal, core: Core): { column: number; cell: Cell } | undefined {
  const { x } = core.buffer;
  if (x < core.cols && core._inputHandler._parser.precedingJoinState === 0) return undefined;
  const { active } = terminal.buffer;
  const line = active.getLine(active.baseY + active.cursorY);
  // The second half of a wide character has no width; the character stands before it.
  for (let column = x - 1; column >= Math.max(0, x - 2); column -= 1) {
    const cell = line?.getCell(column) as Cell | undefined;
    if (cell && cell.getWidth() > 0) return cell.getChars() === '' ? undefined : { column, cell };
  }
  return undefined;
}

function moveTo(row: number, column: number): string {
  return `\x1b[${row + 1};${column + 1}H`;
}
