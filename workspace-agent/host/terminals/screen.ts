import type { SerializeAddon } from '@xterm/addon-serialize';
import type { Terminal } from '@xterm/headless';
import type { Attributes, Cell, Charset, Core, CoreBuffer } from './emulator-core.ts';

const enterAlternate = '\x1b[?1049h\x1b[H';

/**
 * Text that draws the terminal's screens, scrollback and modes onto a reset one of the same size. The addon draws the
 * cells; what it leaves out is added here, in an order in which no part undoes another.
 */
export function drawScreen(terminal: Terminal, serializer: SerializeAddon, scrollbackLines: number): string {
  const core = (terminal as unknown as { _core: Core })._core;
  // The addon's types name the browser's terminal; it serves the headless one alike.
  const cells = serializer.serialize({ scrollback: scrollbackLines, excludeModes: true });
  const { normal } = core.buffers;
  const screens =
    core.buffer === normal
      ? cells
      : cells.replace(
          enterAlternate,
          // Attributes would colour the fresh screen; and 1049 would overwrite the saved cursor, 1047 does not.
          () => `${savedCursor(normal)}\x1b[m\x1b[?1047h\x1b[H`,
        );
  return [
    screens,
    savedCursor(core.buffer),
    scrollRegion(core),
    charsets(core),
    modes(terminal, core),
    cursor(terminal, core),
  ].join('');
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

/** Sets exactly these attributes, whatever was set before. */
function sgr(attributes: Attributes): string {
  const codes = ['0'];
  const flags: [number, string][] = [
    [attributes.isBold(), '1'],
    [attributes.isDim(), '2'],
    [attributes.isItalic(), '3'],
    [attributes.isUnderline(), '4'],
    [attributes.isBlink(), '5'],
    [attributes.isInverse(), '7'],
    [attributes.isInvisible(), '8'],
    [attributes.isStrikethrough(), '9'],
    [attributes.isOverline(), '53'],
  ];
  for (const [set, code] of flags) if (set) codes.push(code);
  const foreground = attributes.getFgColor();
  if (attributes.isFgRGB()) codes.push(`38;2;${rgb(foreground)}`);
  else if (attributes.isFgPalette()) codes.push(isShort(attributes.fg) ? short(30, foreground) : `38;5;${foreground}`);
  const background = attributes.getBgColor();
  if (attributes.isBgRGB()) codes.push(`48;2;${rgb(background)}`);
  else if (attributes.isBgPalette()) codes.push(isShort(attributes.bg) ? short(40, background) : `48;5;${background}`);
  return `\x1b[${codes.join(';')}m`;
}

function rgb(color: number): string {
  return `${(color >>> 16) & 0xff};${(color >>> 8) & 0xff};${color & 0xff}`;
}

/** Whether the color was set by one of the 16 short codes: a terminal may show those brighter when bold. */
function isShort(packed: number): boolean {
  return (packed & 0x3000000) === 0x1000000;
}

function short(base: number, color: number): string {
  return String(color < 8 ? base + color : base + 60 + color - 8);
}
