import type { Clock } from '../../lib/base/clock.ts';
import { isWithinRaw, type RawPath } from './raw-path.ts';

/** A path that is to be looked at. */
export interface Look {
  path: RawPath;
  /** An event spoke of it; otherwise a scan came by. */
  told: boolean;
  /** Every event up to the finding of a difference has been read, and none spoke of it. */
  confirmed: boolean;
  /** List the folder, and with `deep` all folders below it. */
  list: boolean;
  deep: boolean;
  /** Settled changes heard since the last look. */
  changes: number;
  tries: number;
  generation: number;
  state: 'ready' | 'waiting' | 'held' | 'taken' | 'over';
  /** While it waits: when it is due, by the monotonic clock, and whether it must wait whatever is heard. */
  dueMs: number;
  paced: boolean;
  /** Something was heard while it was being looked at. */
  again: boolean;
}

export interface LookRequest {
  told: boolean;
  settled?: boolean;
  list?: boolean;
  deep?: boolean;
  confirmed?: boolean;
  delayMs?: number;
  /** The look this one follows from: whoever waits for that one waits for this one too. */
  from?: Look;
}

/**
 * The paths to look at, each once. What events told goes before what a scan found, so that a scan holds nobody up.
 * A generation counts the looks that someone waits for.
 */
export class LookQueue {
  #clock: Clock;
  #onReady: () => void;
  #looks = new Map<RawPath, Look>();
  #urgent = new ReadyLooks();
  #background = new ReadyLooks();
  #waiting = new Set<Look>();
  #timer: { dueMs: number; handle: Disposable } | undefined;
  #generation = 0;
  #open = new Map<number, number>();
  #settling: { generation: number; resolve: () => void }[] = [];

  constructor(clock: Clock, onReady: () => void) {
    this.#clock = clock;
    this.#onReady = onReady;
  }

  get size(): number {
    return this.#looks.size;
  }

  get hasReady(): boolean {
    return this.#urgent.some || this.#background.some;
  }

  /** Asks for a look, or adds to one that is asked for already. */
  add(path: RawPath, request: LookRequest) {
    const known = this.#looks.get(path);
    const look = known ?? this.#create(path, request);
    const wasTold = look.told;
    look.told ||= request.told;
    look.confirmed ||= request.confirmed ?? false;
    look.list ||= request.list ?? false;
    look.deep ||= request.deep ?? false;
    if (request.told && request.settled) look.changes += 1;
    if (look.state === 'taken') look.again = true;
    else if (!known) this.#place(look, request.delayMs ?? 0);
    else if (look.state === 'held' && look.told) this.#ready(look);
    else if (look.state === 'waiting' && !look.paced && request.delayMs === undefined) this.#ready(look);
    else if (look.state === 'ready' && !wasTold && look.told) this.#urgent.push(look);
  }

  /** The next look; the caller ends it with `wait`, `hold` or `finish`. */
  next(): Look | undefined {
    const look = this.#urgent.take() ?? this.#background.take();
    if (look) look.state = 'taken';
    return look;
  }

  /** Puts the look off for so long, whatever is heard meanwhile. */
  wait(look: Look, delayMs: number): void {
    if (look.state === 'over') return;
    look.paced = true;
    this.#place(look, Math.max(1, delayMs));
  }

  /** Sets the look aside until `release`, or until an event tells of its path. */
  hold(look: Look): void {
    if (look.state !== 'over') look.state = 'held';
  }

  /** Takes a look that was set aside up again; no event has told of its path. */
  release(look: Look): void {
    look.confirmed = true;
    if (look.state === 'held') this.#ready(look);
  }

  /** The look is over. What was heard while it was being read asks for another. */
  finish(look: Look): void {
    if (look.state === 'over') return;
    look.state = 'over';
    this.#waiting.delete(look);
    if (this.#looks.get(look.path) === look) this.#looks.delete(look.path);
    if (look.again)
      this.add(look.path, { told: look.told, settled: true, list: look.list, deep: look.deep, from: look });
    this.#count(look.generation, -1);
  }

  /** Takes the look at `path` out of turn. */
  take(path: RawPath): Look | undefined {
    const look = this.#looks.get(path);
    if (!look || look.state === 'taken') return undefined;
    this.#waiting.delete(look);
    look.state = 'taken';
    return look;
  }

  /** Carries looks along with a rename. A look that is under way is over; its path is looked at anew. */
  rename({ from, to, isFolder }: { from: RawPath; to: RawPath; isFolder: boolean }): void {
    for (const look of isFolder ? this.#within(from) : [this.#looks.get(from)]) {
      if (!look) continue;
      const { told, list, deep, confirmed } = look;
      look.again = false;
      this.add(to + look.path.slice(from.length), { told, list, deep, confirmed, settled: true, from: look });
      this.finish(look);
    }
  }

  /** Resolves when every look asked for so far is over, with those that followed from them. */
  settled(): Promise<void> {
    const generation = this.#generation;
    this.#generation += 1;
    return new Promise((resolve) => {
      this.#settling.push({ generation, resolve });
      this.#settle();
    });
  }

  /** Forgets all looks. */
  clear(): void {
    for (const look of [...this.#looks.values()]) {
      look.again = false;
      this.finish(look);
    }
  }

  #within(folder: RawPath): Look[] {
    return [...this.#looks.values()].filter(({ path }) => isWithinRaw(path, folder));
  }

  #create(path: RawPath, { told, from }: LookRequest): Look {
    const generation = from?.generation ?? this.#generation;
    const look: Look = {
      path,
      told,
      confirmed: false,
      list: false,
      deep: false,
      changes: 0,
      tries: 0,
      generation,
      state: 'waiting',
      dueMs: 0,
      paced: false,
      again: false,
    };
    this.#looks.set(path, look);
    this.#count(generation, 1);
    return look;
  }

  #place(look: Look, delayMs: number) {
    if (delayMs <= 0) return this.#ready(look);
    look.state = 'waiting';
    look.dueMs = this.#clock.monotonic() + delayMs;
    this.#waiting.add(look);
    this.#arm(look.dueMs);
  }

  #ready(look: Look) {
    this.#waiting.delete(look);
    look.state = 'ready';
    look.paced = false;
    (look.told ? this.#urgent : this.#background).push(look);
    this.#onReady();
  }

  #arm(dueMs: number) {
    if (this.#timer && this.#timer.dueMs <= dueMs) return;
    this.#timer?.handle[Symbol.dispose]();
    const delayMs = Math.max(1, Math.ceil(dueMs - this.#clock.monotonic()));
    this.#timer = { dueMs, handle: this.#clock.after(delayMs, () => this.#onTimer()) };
  }

  #onTimer() {
    this.#timer = undefined;
    const now = this.#clock.monotonic();
    let nextMs = Number.POSITIVE_INFINITY;
    for (const look of this.#waiting) {
      if (look.dueMs <= now) this.#ready(look);
      else nextMs = Math.min(nextMs, look.dueMs);
    }
    if (nextMs < Number.POSITIVE_INFINITY) this.#arm(nextMs);
  }

  #count(generation: number, change: number) {
    const count = (this.#open.get(generation) ?? 0) + change;
    if (count > 0) this.#open.set(generation, count);
    else {
      this.#open.delete(generation);
      this.#settle();
    }
  }

  #settle() {
    const oldest = Math.min(...this.#open.keys());
    while (this.#settling[0] && this.#settling[0].generation < oldest) this.#settling.shift()?.resolve();
  }
}

/** First in, first out. A look may stand here twice, or be over by now: only a ready one counts. */
class ReadyLooks {
  #looks: Look[] = [];
  #first = 0;

  get some(): boolean {
    return this.#first < this.#looks.length;
  }

  push(look: Look): void {
    this.#looks.push(look);
  }

  take(): Look | undefined {
    while (this.#first < this.#looks.length) {
      const look = this.#looks[this.#first];
      this.#first += 1;
      if (look?.state === 'ready') return look;
    }
    this.#looks = [];
    this.#first = 0;
    return undefined;
  }
}
