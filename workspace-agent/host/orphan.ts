import type { Clock } from '../../lib/base/clock.ts';

export interface OrphanOptions {
  clock: Clock;
  /** Without a gateway for this long and idle, the process ends; undefined: never. */
  idleMs: number | undefined;
  /** Without a gateway for this long it ends in any case; undefined: never. */
  anyMs: number | undefined;
  isBusy(): Promise<boolean>;
  end(reason: string): void;
}

const lookEveryMs = 60_000;

/** Ends a host that its gateway has left alone for too long, so that a removed installation leaves nothing behind. */
export class OrphanRule implements Disposable {
  readonly #options: OrphanOptions;
  #since: number | undefined;
  #timer: Disposable | undefined;
  #ended = false;

  constructor(options: OrphanOptions) {
    this.#options = options;
    this.disconnected();
  }

  connected(): void {
    this.#since = undefined;
    this.#timer?.[Symbol.dispose]();
  }

  disconnected(): void {
    const { clock, idleMs, anyMs } = this.#options;
    this.#since ??= clock.monotonic();
    const firstMs = Math.min(idleMs ?? Number.POSITIVE_INFINITY, anyMs ?? Number.POSITIVE_INFINITY);
    if (Number.isFinite(firstMs)) this.#lookAfter(firstMs);
  }

  [Symbol.dispose](): void {
    this.connected();
    this.#ended = true;
  }

  #lookAfter(delayMs: number): void {
    this.#timer?.[Symbol.dispose]();
    if (this.#ended) return;
    this.#timer = this.#options.clock.after(delayMs, () => void this.#look());
  }

  async #look(): Promise<void> {
    const { clock, idleMs, anyMs, isBusy, end } = this.#options;
    const since = this.#since;
    if (since === undefined) return;
    const aloneMs = clock.monotonic() - since;
    if (anyMs !== undefined && aloneMs >= anyMs) return end(`no gateway for ${aloneMs} ms`);
    const busy = await isBusy();
    // A gateway may have come while it was looked at.
    if (this.#since !== since) return;
    if (idleMs !== undefined && aloneMs >= idleMs && !busy) return end(`no gateway for ${aloneMs} ms, and idle`);
    this.#lookAfter(Math.min(lookEveryMs, idleMs ?? lookEveryMs));
  }
}
