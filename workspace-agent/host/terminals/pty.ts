import { readSync, writeSync } from 'node:fs';
import { ReadStream } from 'node:tty';
import { requireBinary } from '@lydell/node-pty/requireBinary.js';
import type { Clock } from '../../../lib/base/clock.ts';
import { limits } from '../../../lib/contracts/limits.ts';
import { keepFromChildren } from '../system-calls.ts';

/**
 * A pseudoterminal with a process in it. node-pty's own class destroys its stream 200 ms after the process has ended,
 * read or not, and so loses the end of the output whenever it is held back or this process is busy. So the native part
 * is used alone, and the end is told when the kernel says that all has been read.
 */
export interface Pty {
  /** Also the id of its session and of its first process group. */
  readonly pid: number;
  /** Bytes accepted and not yet taken by the kernel. */
  readonly unwrittenBytes: number;
  write(bytes: Uint8Array | string): void;
  pause(): void;
  resume(): void;
  resize(size: { columns: number; rows: number }): void;
}

export interface PtyOptions {
  file: string;
  args: string[];
  env: Record<string, string>;
  cwd: string;
  columns: number;
  rows: number;
  clock: Clock;
  onData(bytes: Buffer): void;
  /** Called once, after the last output. */
  onExit(exit: PtyExit): void;
}

export interface PtyExit {
  exitCode: number | null;
  signal: number | null;
}

interface NativePty {
  fork(
    file: string,
    args: string[],
    env: string[],
    cwd: string,
    columns: number,
    rows: number,
    uid: number,
    gid: number,
    utf8: boolean,
    helperPath: string,
    onExit: (exitCode: number, signal: number) => void,
  ): { fd: number; pid: number };
  resize(fd: number, columns: number, rows: number): void;
}

const native = requireBinary('pty.node') as NativePty;
const sameUser = -1;
const writeAgainMs = 10;
const drainChunkBytes = 4 * 1024;
/** More than the kernel holds for one pseudoterminal; only a process left behind can write on and on. */
const drainBytesMax = 1024 * 1024;

/** Starts `file` in a new pseudoterminal. Throws when the kernel has none left. */
export function openPty(options: PtyOptions): Pty {
  return new NativeBackedPty(options);
}

class NativeBackedPty implements Pty {
  readonly pid: number;
  readonly #fd: number;
  readonly #stream: ReadStream;
  readonly #options: PtyOptions;
  #exit: PtyExit | undefined;
  #open = true;
  #paused = false;
  #reported = false;
  #ending: Disposable | undefined;
  #unwritten: Buffer[] = [];
  #unwrittenBytes = 0;
  #writing: Disposable | undefined;

  constructor(options: PtyOptions) {
    this.#options = options;
    const { file, args, cwd, columns, rows } = options;
    const env = Object.entries(options.env).map(([name, value]) => `${name}=${value}`);
    const onExit = (exitCode: number, signal: number) => this.#onExit(exitCode, signal);
    const process = native.fork(file, args, env, cwd, columns, rows, sameUser, sameUser, true, '', onExit);
    this.pid = process.pid;
    this.#fd = process.fd;
    // node-pty leaves it open to every later program, which could then read and write this terminal.
    keepFromChildren(process.fd);
    this.#stream = new ReadStream(process.fd);
    this.#stream.on('data', (bytes: Buffer) => options.onData(bytes));
    // The kernel says EIO in place of the end of the file; everything has been read by then.
    this.#stream.on('error', () => {});
    this.#stream.on('close', () => this.#onClose());
  }

  get unwrittenBytes(): number {
    return this.#unwrittenBytes;
  }

  write(bytes: Uint8Array | string): void {
    const chunk = Buffer.from(bytes);
    this.#unwritten.push(chunk);
    this.#unwrittenBytes += chunk.length;
    if (!this.#writing) this.#writeOn();
  }

  pause(): void {
    this.#paused = true;
    this.#stream.pause();
  }

  resume(): void {
    this.#paused = false;
    this.#stream.resume();
    if (this.#exit) this.#awaitEnd();
  }

  resize({ columns, rows }: { columns: number; rows: number }): void {
    if (this.#open) native.resize(this.#fd, columns, rows);
  }

  #onExit(exitCode: number, signal: number): void {
    this.#exit = signal > 0 ? { exitCode: null, signal } : { exitCode, signal: null };
    if (!this.#open) this.#report();
    else if (!this.#paused) this.#awaitEnd();
  }

  // Not by the stream: libuv writes to the master side of a terminal blockingly, and this whole process would stand still
  // for as long as a program does not read what is typed at it.
  #writeOn(): void {
    this.#writing = undefined;
    for (let chunk = this.#unwritten[0]; chunk && this.#open; chunk = this.#unwritten[0]) {
      try {
        const length = writeSync(this.#fd, chunk);
        this.#unwrittenBytes -= length;
        if (length === chunk.length) this.#unwritten.shift();
        else this.#unwritten[0] = chunk.subarray(length);
      } catch (error) {
        // EAGAIN: the program does not read for now. Anything else: there is nobody left to read.
        if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') this.#dropInput();
        else this.#writing = this.#options.clock.after(writeAgainMs, () => this.#writeOn());
        return;
      }
    }
  }

  #dropInput(): void {
    this.#writing?.[Symbol.dispose]();
    this.#unwritten = [];
    this.#unwrittenBytes = 0;
  }

  // Usually the stream ends by itself now. It does not when a process left behind still holds the terminal: then what
  // has come after a while is all, and closing our side hangs that process up.
  #awaitEnd(): void {
    this.#ending?.[Symbol.dispose]();
    this.#ending = this.#options.clock.after(limits.terminalDrainMs, () => {
      if (!this.#open || this.#paused) return;
      // A timer that was kept waiting comes before the reads that were.
      this.#drain();
      this.#stream.destroy();
    });
  }

  #drain(): void {
    for (let rest = drainBytesMax; rest > 0; ) {
      const chunk = Buffer.allocUnsafe(drainChunkBytes);
      let length = 0;
      try {
        length = readSync(this.#fd, chunk);
      } catch {
        // EIO: all is read. EAGAIN: a process left behind is silent.
        return;
      }
      if (length === 0) return;
      this.#options.onData(chunk.subarray(0, length));
      rest -= length;
    }
  }

  #onClose(): void {
    this.#open = false;
    this.#ending?.[Symbol.dispose]();
    this.#dropInput();
    if (this.#exit) this.#report();
  }

  #report(): void {
    if (this.#reported || !this.#exit) return;
    this.#reported = true;
    this.#options.onExit(this.#exit);
  }
}
