import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import headless from '@xterm/headless';
import { describe, expect, it } from 'vitest';
import { systemClock } from '../../../lib/base/clock.ts';
import { seededRandom } from '../../../lib/base/random.ts';
import { limits } from '../../../lib/contracts/limits.ts';
import { Emulator } from './emulator.ts';
import type { Core } from './emulator-core.ts';
import { openPty } from './pty.ts';
import { wholeCharacters } from './whole-characters.ts';

const size = { columns: 80, rows: 24 };
const cutsPerProgram = 200;

/** What a browser has: the library's terminal without any part of ours. */
function browserTerminal({ columns, rows } = size): headless.Terminal {
  return new headless.Terminal({
    cols: columns,
    rows,
    scrollback: limits.terminalScrollbackLinesMax,
    allowProposedApi: true,
    logLevel: 'off',
  });
}

const coreOf = (terminal: headless.Terminal) => (terminal as unknown as { _core: Core })._core;

/** Writes as a browser must: in whole characters, and no more at once than the library decodes in one piece. */
function feed(terminal: headless.Terminal, bytes: Uint8Array | string): void {
  let rest: Uint8Array = Buffer.from(bytes as string);
  while (rest.length > 0) {
    const length = wholeCharacters(rest, limits.terminalFrameBytesMax) || rest.length;
    coreOf(terminal).writeSync(rest.subarray(0, length));
    rest = rest.subarray(length);
  }
}

/** All that a person or a program can tell of a terminal, row by row so that a difference can be read. */
function stateOf(terminal: headless.Terminal): string[] {
  const { _charsetService: charsets, _inputHandler: input, ...core } = coreOf(terminal);
  const { buffer } = coreOf(terminal);
  const { active, normal } = terminal.buffer;
  const savedRow = Math.max(0, buffer.savedY - buffer.ybase);
  return [
    ...rowsOf(normal, terminal.cols),
    ...(active === normal ? [] : rowsOf(active, terminal.cols)),
    `cursor ${buffer.x} ${buffer.y} attributes ${input._curAttrData.fg} ${input._curAttrData.bg & 0x3ffffff}`,
    `saved ${buffer.savedX} ${savedRow} ${buffer.savedCurAttrData.fg} ${buffer.savedCharset?.q}`,
    `region ${buffer.scrollTop} ${buffer.scrollBottom}`,
    `charsets ${charsets.glevel} ${[0, 1, 2, 3].map((slot) => charsets._charsets[slot]?.q ?? 'q')}`,
    `modes ${active.type} ${JSON.stringify(terminal.modes)} ${coreOf(terminal).coreMouseService.activeEncoding}`,
    `cursor ${core.coreService.isCursorHidden} ${JSON.stringify(core.coreService.decPrivateModes)}`,
  ];
}

function rowsOf(buffer: headless.IBuffer, columns: number): string[] {
  return Array.from({ length: buffer.length }, (_, row) => {
    const line = buffer.getLine(row);
    const cells = Array.from({ length: columns }, (_, column) => {
      const cell = line?.getCell(column);
      const color = `${cell?.getFgColorMode()}.${cell?.getFgColor()}.${cell?.getBgColorMode()}.${cell?.getBgColor()}`;
      const flags = [cell?.isBold(), cell?.isInverse(), cell?.isUnderline(), cell?.isDim(), cell?.isItalic()];
      const style = `${color}.${flags.map((flag) => (flag ? 1 : 0)).join('')}`;
      const blank = `${cell?.getBgColorMode()}.${cell?.getBgColor()}`;
      return cell?.getChars() === '' ? `·${blank === '0.-1' ? '' : blank}` : `${cell?.getChars()}${style}`;
    });
    return `${line?.isWrapped ? '↩' : ''}${cells.join(' ')}`;
  });
}

/** Draws what an emulator shows after `bytes`, between which it came to rest a few times, on a fresh terminal. */
function restored(bytes: Uint8Array, at = size): headless.Terminal {
  const emulator = new Emulator(at);
  for (let start = 0; start < bytes.length; ) {
    const end = wholeCharacters(bytes, start + Math.ceil(bytes.length / 4));
    if (start > 0) emulator.settle();
    emulator.write(bytes.subarray(start, end));
    start = end;
  }
  const tail = bytes.subarray(-limits.terminalReplayBytes);
  const drawn = emulator.draw({ tail, scrollbackLines: limits.terminalScrollbackLinesMax, bytesMax: 50_000_000 });
  emulator.dispose();
  const copy = browserTerminal(at);
  feed(copy, drawn);
  return copy;
}

/** Names the first difference alone: a screen is long. */
function expectSame(copy: headless.Terminal, original: headless.Terminal, hint: string): void {
  const [actual, expected] = [stateOf(copy), stateOf(original)];
  expect(actual.length).toBe(expected.length);
  const row = expected.findIndex((text, index) => text !== actual[index]);
  if (row === -1) return;
  const [is, wanted] = [actual[row]?.split(' ') ?? [], expected[row]?.split(' ') ?? []];
  const column = wanted.findIndex((cell, index) => cell !== is[index]);
  const around = (cells: string[]) => cells.slice(Math.max(0, column - 2), column + 3).join(' ');
  expect(around(is), `row ${row} of ${expected.length}, cell ${column} of ${wanted.length}, ${hint}`).toBe(
    around(wanted),
  );
}

/** Restores at `cut` and compares there, and again after the rest has been written to both. */
function expectExact(bytes: Uint8Array, cutAt: number, hint = ''): void {
  const cut = wholeCharacters(bytes, cutAt);
  const copy = restored(bytes.subarray(0, cut));
  const original = browserTerminal();
  feed(original, bytes.subarray(0, cut));
  expectSame(copy, original, `at byte ${cut} ${hint}`);
  feed(copy, bytes.subarray(cut));
  feed(original, bytes.subarray(cut));
  expectSame(copy, original, `at the end, cut at byte ${cut} ${hint}`);
  copy.dispose();
  original.dispose();
}

/** Runs a full-screen program in a pty, gives it keys one after the other as its output rests, and returns all of it. */
function record(file: string, args: string[], keys: string[]): Promise<Buffer> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    const answering = new Emulator(size);
    let rest: Disposable | undefined;
    const pty = openPty({
      file,
      args,
      env: { TERM: 'xterm-256color', LANG: 'C.UTF-8', PATH: process.env.PATH ?? '', HOME: tmpdir() },
      cwd: tmpdir(),
      ...size,
      clock: systemClock,
      onData: (bytes) => {
        chunks.push(bytes);
        answering.write(bytes);
        rest?.[Symbol.dispose]();
        rest = systemClock.after(150, () => pty.write(keys.shift() ?? ''));
      },
      onExit: () => {
        answering.dispose();
        resolve(Buffer.concat(chunks));
      },
    });
    answering.onAnswer((text) => pty.write(text));
  });
}

const installed = (program: string) => spawnSync('which', [program]).status === 0;
const source = Array.from({ length: 300 }, (_, line) => `const line${line} = "wörld ${line}"; // 漢字 → ${line % 7}`);

describe.each([
  [
    'vim',
    ['-u', 'NONE', '-c', 'syntax on | set number mouse=a'],
    ['\x06', '\x06', '/77\r', 'ihello\x1b', ':split\r', ':q\r', ':q!\r'],
  ],
  ['htop', ['--delay=2'], ['\x1b[B', '\x1bOP', '\x1b', 't', 'q']],
  ['less', [], [' ', ' ', '/77\r', 'G', 'q']],
])('%s', (program, args, keys) => {
  const missing = !installed(program);
  it.skipIf(missing)(
    `is restored exactly at ${cutsPerProgram} random cuts${missing ? ` (${program} is not installed)` : ''}`,
    async () => {
      const folder = mkdtempSync(join(tmpdir(), 'coditect-restore-'));
      const file = join(folder, 'source.ts');
      writeFileSync(file, source.join('\n'));
      const bytes = await record(program, program === 'htop' ? args : [...args, file], [...keys]);
      rmSync(folder, { recursive: true });
      expect(bytes.length).toBeGreaterThan(2_000);
      const seed = Number(process.env.SEED ?? Date.now() % 1_000_000);
      const random = seededRandom(seed);
      for (let count = 0; count < cutsPerProgram; count += 1) {
        const [a = 0, b = 0, c = 0] = random.bytes(3);
        expectExact(bytes, (a * 65_536 + b * 256 + c) % bytes.length, `SEED=${seed}`);
      }
    },
    120_000,
  );
});

describe('scrollback', () => {
  const words = [
    'plain',
    '\x1b[1;31mred\x1b[0m',
    '\x1b[44mblue ',
    '\x1b[0m',
    '漢字',
    'é',
    '\t',
    '\x1b[3C',
    '\x1b[K',
    '\x1b[7m',
    '…',
  ];
  const line = (random: ReturnType<typeof seededRandom>) => {
    const [count = 0] = random.bytes(1);
    const picks = [...random.bytes(count % 40)];
    return `${picks.map((pick) => words[pick % words.length]).join('')}\r\n`;
  };

  it('is restored cell by cell, wrapped and coloured lines too, up to its limit', () => {
    const seed = Number(process.env.SEED ?? Date.now() % 1_000_000);
    const random = seededRandom(seed);
    const bytes = Buffer.from(Array.from({ length: 6_000 }, () => line(random)).join(''));
    for (const cut of [20_000, 150_000, bytes.length]) expectExact(bytes, Math.min(cut, bytes.length), `SEED=${seed}`);
  }, 60_000);

  it.each([
    ['CSI 3 J', '\x1b[3J'],
    ['RIS', '\x1bc'],
  ])('is gone after %s', (_, sequence) => {
    const bytes = Buffer.from(`${'line\r\n'.repeat(4_000)}${sequence}after`);
    expectExact(bytes, bytes.length);
  });

  it('is kept when a terminal becomes wider or narrower', () => {
    const emulator = new Emulator(size);
    emulator.write(Buffer.from('a line that is longer than forty columns are wide\r\n'.repeat(3_000)));
    emulator.settle();
    emulator.resize({ columns: 40, rows: 10 });
    const drawn = emulator.draw({ tail: new Uint8Array(), scrollbackLines: 5_000, bytesMax: 1_000_000 });
    const original = browserTerminal();
    feed(original, 'a line that is longer than forty columns are wide\r\n'.repeat(3_000));
    original.resize(40, 10);
    const copy = browserTerminal({ columns: 40, rows: 10 });
    feed(copy, drawn);
    expect(rowsOf(copy.buffer.normal, 40)).toEqual(rowsOf(original.buffer.normal, 40));
    emulator.dispose();
  });

  it('is dropped from a drawing, oldest first, until that fits', () => {
    const emulator = new Emulator(size);
    emulator.write(Buffer.from(Array.from({ length: 4_000 }, (_, count) => `line ${count}\r\n`).join('')));
    const draw = (bytesMax: number) => emulator.draw({ tail: new Uint8Array(), scrollbackLines: 5_000, bytesMax });
    expect(draw(1_000_000).toString()).toContain('line 0\r\n');
    for (const bytesMax of [20_000, 5_000, 600]) {
      const drawn = draw(bytesMax);
      expect(drawn.length).toBeLessThanOrEqual(bytesMax);
      expect(drawn.toString()).not.toContain('line 0\r\n');
      expect(drawn.toString()).toContain('line 3999');
    }
    emulator.dispose();
  });

  it('gives way to plain text when a screen of colours alone is too large', () => {
    const large = { columns: 400, rows: 200 };
    const emulator = new Emulator(large);
    const colored = Array.from({ length: 400 * 200 }, (_, count) => `\x1b[38;2;${count % 250};${count % 249};9mx`);
    emulator.write(Buffer.from(colored.join('')));
    const bytesMax = limits.terminalSnapshotBytesMax;
    const drawn = emulator.draw({ tail: new Uint8Array(), scrollbackLines: 0, bytesMax });
    expect(drawn.length).toBeLessThanOrEqual(bytesMax);
    expect(drawn.toString()).toContain('x'.repeat(400));
    emulator.dispose();
  });
});

describe('state beyond the cells', () => {
  it.each([
    ['an unfinished CSI', 'ab\x1b[3', '1mc'],
    ['an unfinished OSC', 'ab\x1b]0;tit', 'le\x07c'],
    ['an unfinished DCS', 'ab\x1bP$q', 'm\x1b\\c'],
    ['an unfinished CSI with a control executed in it', 'ab\x1b[\n3', 'Dc'],
    ['an 8-bit CSI', 'ab\xc2\x9b3', '1mc'],
    ['a string longer than what is kept', `ab\x1b]52;c;${'x'.repeat(limits.terminalReplayBytes + 10)}`, 'y\x07c'],
    ['a wrap that is pending', `${'x'.repeat(79)}\x1b[31my`, 'z'],
    ['a wrap that is pending behind a wide character', `${'x'.repeat(78)}\xe6\xbc\xa2`, 'z'],
    ['a character to repeat', 'ab\x1b[4mc', '\x1b[5b'],
    ['a scroll region and origin mode', '\x1b[5;10r\x1b[?6h\x1b[3;3Hx', '\x1b[9;1H\n\n\ny'],
    ['a saved cursor', 'abc\x1b[32m\x1b7\x1b[5;5H\x1b[0m', '\x1b8d'],
    ['a saved cursor with a charset', '\x1b(0\x1b7\x1b(B\x1b[9;9H', '\x1b8qqq'],
    ['charsets, shifted', '\x1b)0\x0eqq', 'qq\x0fqq'],
    ['modes', '\x1b[?1h\x1b[?25l\x1b[?1002h\x1b[?1006h\x1b[?2004h\x1b[?1004h\x1b=\x1b[4h\x1b[?7l', 'abc\x1b[1Gd'],
    ['a cursor’s shape', '\x1b[5 q', 'x'],
    ['the alternate screen, entered in colour', 'shell\x1b[44m\x1b[3;3H\x1b[?1049hfull\x1b[K', '\x1b[?1049lback'],
    ['the alternate screen, entered without saving', 'sh\x1b7ell\x1b[?47hfull', '\x1b[?47l\x1b8back'],
  ])('%s', (_, before, after) => {
    const head = Buffer.from(before, 'latin1');
    expectExact(Buffer.concat([head, Buffer.from(after, 'latin1')]), head.length);
  });
});
