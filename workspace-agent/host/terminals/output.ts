import type { Clock } from '../../../lib/base/clock.ts';
import { limits } from '../../../lib/contracts/limits.ts';
import { wholeCharacters } from './whole-characters.ts';

export interface OutputOptions {
  clock: Clock;
  /** Sends one frame; `offset` is where its bytes begin. */
  send(frame: { offset: number; bytes: Uint8Array }): void;
  /** Called with true when the source must stop, with false when it may go on. */
  hold(held: boolean): void;
}

/**
 * The way of a terminal's output to the browsers. A little goes at once; much is gathered into frames. While a browser
 * is live the source is held a window ahead of what the quickest has parsed. Without one, or when the quickest stands
 * still, nothing is sent and nothing is held: a detached build never waits. The frame after such a pause simply has a
 * later offset, by which a browser knows to attach again.
 */
export class TerminalOutput {
  readonly #options: OutputOptions;
  /** Output received. */
  #offset = 0;
  /** Output parsed by the quickest live browser, or never to be sent. */
  #credit = 0;
  #live = 0;
  #sending = false;
  #held = false;
  #gathered: Uint8Array[] = [];
  #gatheredBytes = 0;
  #quickBytes = 0;
  #quickFrames = 0;
  #delay: Disposable | undefined;
  #patience: Disposable | undefined;

  constructor(options: OutputOptions) {
    this.#options = options;
  }

  get offset(): number {
    return this.#offset;
  }

  /** Takes output in charge, whole characters of it. `bytes` must not change afterwards. */
  push(bytes: Uint8Array): void {
    this.#offset += bytes.length;
    if (!this.#sending) return;
    this.#gathered.push(bytes);
    this.#gatheredBytes += bytes.length;
    if (this.#isQuick(bytes) || this.#gatheredBytes >= limits.terminalFrameBytesMax) this.flush();
    this.#delay ??= this.#options.clock.after(limits.terminalFrameDelayMsMax, () => this.#onDelay());
    if (this.#offset - this.#credit > limits.terminalWindowBytes) this.#hold();
  }

  /** Sends what has been gathered. */
  flush(): void {
    let offset = this.#offset - this.#gatheredBytes;
    const bytes = this.#gathered.length === 1 ? (this.#gathered[0] ?? Buffer.alloc(0)) : Buffer.concat(this.#gathered);
    this.#gathered = [];
    this.#gatheredBytes = 0;
    for (let start = 0; start < bytes.length; ) {
      const piece = bytes.subarray(start, start + limits.terminalFrameBytesMax);
      const frame = piece.subarray(0, wholeCharacters(piece) || piece.length);
      this.#options.send({ offset, bytes: frame });
      start += frame.length;
      offset += frame.length;
    }
  }

  /** A browser has been given everything up to now: from here on output is sent without a hole. */
  attached(): void {
    this.#live = Math.max(1, this.#live);
    this.#goOn();
  }

  /** How far the quickest live browser has parsed, and how many are live. */
  credit({ offset, live }: { offset: number; live: number }): void {
    const progress = offset > this.#credit || live > this.#live;
    this.#credit = Math.max(this.#credit, Math.min(offset, this.#offset));
    this.#live = live;
    if (live === 0) this.drain();
    else if (progress && !this.#sending) this.#goOn();
    else if (progress) this.#release();
  }

  /** Nobody is live: output is not sent until a browser attaches or gives credit. */
  drain(): void {
    this.#live = 0;
    this.#stopSending();
  }

  dispose(): void {
    this.#delay?.[Symbol.dispose]();
    this.#patience?.[Symbol.dispose]();
  }

  #isQuick(bytes: Uint8Array): boolean {
    this.#quickBytes += bytes.length;
    this.#quickFrames += 1;
    return this.#quickBytes <= limits.terminalQuickBytesMax && this.#quickFrames <= limits.terminalQuickFramesMax;
  }

  #onDelay(): void {
    this.#delay = undefined;
    this.#quickBytes = 0;
    this.#quickFrames = 0;
    if (this.#gatheredBytes === 0) return;
    this.flush();
    this.#delay = this.#options.clock.after(limits.terminalFrameDelayMsMax, () => this.#onDelay());
  }

  #goOn(): void {
    this.#sending = true;
    // What was received meanwhile is not on its way to anybody.
    this.#credit = this.#offset;
    this.#release();
  }

  #hold(): void {
    if (this.#held) return;
    this.#held = true;
    this.flush();
    this.#patience = this.#options.clock.after(limits.terminalStaleMs, () => this.#stopSending());
    this.#options.hold(true);
  }

  #release(): void {
    if (!this.#held) return;
    this.#patience?.[Symbol.dispose]();
    this.#held = false;
    if (this.#offset - this.#credit > limits.terminalWindowBytes) this.#hold();
    else this.#options.hold(false);
  }

  #stopSending(): void {
    this.#sending = false;
    this.#gathered = [];
    this.#gatheredBytes = 0;
    this.#patience?.[Symbol.dispose]();
    if (!this.#held) return;
    this.#held = false;
    this.#options.hold(false);
  }
}
