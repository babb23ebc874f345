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

function feed(terminal: headless.Terminal, bytes: Uint8Array | string): void {
  if (bytes.length > 0) coreOf(terminal).writeSync(Buffer.from(bytes));
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

/** Draws what an emulator shows after `bytes` on a fresh terminal. */
function restored(bytes: Uint8Array, at = size): headless.Terminal {
  const emulator = new Emulator(at);
  emulator.write(bytes);
  const tail = bytes.subarray(-limits.terminalReplayBytes);
  const drawn = emulator.draw({ tail, scrollbackLines: limits.terminalScrollbackLinesMax, bytesMax: 50_000_000 });
  emulator.dispose();
  const copy = browserTerminal(at);
  feed(copy, drawn);
  return copy;
}

/** Restores at `cut` and compares there, and again after the rest has been written to both. */
function expectExact(bytes: Uint8Array, cut: number, hint = ''): void {
  const copy = restored(bytes.subarray(0, cut));
  const original = browserTerminal();
  feed(original, bytes.subarray(0, cut));
  expect(stateOf(copy), `at byte ${cut} ${hint}`).toEqual(stateOf(original));
  feed(copy, bytes.subarray(cut));
  feed(original, bytes.subarray(cut));
  expect(stateOf(copy), `at the end, cut at byte ${cut} ${hint}`).toEqual(stateOf(original));
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
