import { readdirSync, type Stats } from 'node:fs';
import type { Clock } from '../../lib/base/clock.ts';
import { ignoreMatcher } from '../../lib/contracts/ignore-rules.ts';
import { limits } from '../../lib/contracts/limits.ts';
import type { ObservedEntry } from '../../lib/contracts/trail.ts';
import { HashPace } from './hash-pace.ts';
import { forgetIgnored } from './index/apply-entry.ts';
import { type FileState, type IndexRecord, type Stamp, unknownStamp } from './index/tree-index.ts';
import type { Ledger } from './ledger.ts';
import {
  exists,
  hashAtOnce,
  hashStreaming,
  isSame,
  type Reading,
  stampOf,
  stateWithoutContent,
  typeOf,
} from './look.ts';
import { type Look, LookQueue } from './look-queue.ts';
import { absolutePath, joinRaw, parentOf, type RawPath, wirePathOf } from './raw-path.ts';
import type { WatchEvent, Watcher } from './watch/watcher.ts';

/** The loop looks at paths for so long before it lets events and the socket have their turn. */
const sliceMs = 4;
/** How long the event that explains a finding may take to be read. */
const explainMs = 20;
/** Findings that contradict their folder are tried so often before the folder's own look decides. */
const contradictionsMax = 3;
const retryBaseMs = 5;
const emptySha256 = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';

export interface RecorderOptions {
  root: string;
  ledger: Ledger;
  clock: Clock;
  /** Some paths have been looked at, and perhaps recorded. */
  onSlice(): void;
  /** A difference was found that no event told, and no gap is open. */
  onUntold(): void;
  /** A folder could not be watched, or the root is not there. */
  onBlind(reason: 'no_watches' | 'no_root'): void;
}

/**
 * Looks at paths and records how they differ from the index. What it writes is always what it saw: an event is only
 * a reason to look.
 *
 * Three things keep a look from being wrong about a tree that moves under it. A path counts as seen only if its folder
 * is, before and after, the one the index knows (by inode); otherwise the folder is looked at first. A rename is told
 * by events in their order and carries along what is still to be looked at below it; both its ends are looked at
 * again. And whatever a look decides, the next event about the path asks for another one.
 */
export class Recorder {
  readonly queue: LookQueue;
  /** Set once, before the first scan. */
  watcher: Watcher | undefined;
  #options: RecorderOptions;
  #ledger: Ledger;
  #ignored: (path: RawPath) => boolean;
  #pace: HashPace;
  #pumping = false;
  #reading = 0;
  #readers: (() => void)[] = [];
  #untold: Look[] = [];
  #paused = false;
  #closed = false;

  constructor(options: RecorderOptions) {
    this.#options = options;
    this.#ledger = options.ledger;
    this.#ignored = ignoreMatcher(options.ledger.rules);
    this.#pace = new HashPace(options.clock);
    this.queue = new LookQueue(options.clock, () => this.#wake());
  }

  get paused(): boolean {
    return this.#paused;
  }

  close(): void {
    this.#closed = true;
    this.queue.clear();
  }

  ignores(path: RawPath): boolean {
    return this.#ignored(path);
  }

  hear(events: WatchEvent[]): void {
    if (this.#paused) return;
    for (const event of events) {
      if (event.kind === 'changed') this.#hearChange(event.path, event.settled);
      else if (event.kind === 'moved') this.#hearMove(event.from, event.to);
      else if (event.kind === 'unnamed') this.queue.add(event.folder, { told: true, list: true });
    }
  }

  /** Looks at everything; resolves when that is done, with all that events told until then. */
  async scan(): Promise<void> {
    this.queue.add('', { told: false, deep: true });
    await this.queue.settled();
  }

  /** Stops recording: what happens from now on is for a scan to find. */
  pause(): void {
    this.#paused = true;
    this.#untold = [];
    this.queue.clear();
  }

  resume(): void {
    this.#paused = false;
  }

  /** Puts rules in force; what they ignored before and no longer do is for a scan to find. */
  setRules(rules: readonly string[]): void {
    this.#ledger.setRules(rules);
    this.#ignored = ignoreMatcher(rules);
  }

  #hearChange(path: RawPath, settled: boolean) {
    if (this.#ignored(path)) return;
    if (settled) this.queue.add(path, { told: true, settled });
    else this.queue.add(path, { told: true, delayMs: limits.settleMsMax });
  }

  #hearMove(from: RawPath, to: RawPath) {
    const { index } = this.#ledger;
    const record = index.get(from);
    const isFolder = record?.type === 'directory' || typeAt(this.#at(to)) === 'directory';
    if (this.#ignored(to)) {
      if (isFolder) this.watcher?.unwatch(to);
      this.queue.add(from, { told: true, settled: true });
      return;
    }
    this.queue.rename({ from, to, isFolder });
    this.#ensureFolder(parentOf(to));
    if (record && !this.#ignored(from) && this.#isWhatMoved(record, to)) this.#recordMove(from, to, record);
    for (const path of [from, to]) this.#hearChange(path, true);
  }

  /** Whether the file at the new place, if one still is there, is the one that the index has at the old place. */
  #isWhatMoved(record: IndexRecord, to: RawPath): boolean {
    if (this.#ledger.index.get(parentOf(to))?.type !== 'directory') return false;
    if (this.#ledger.index.get(to)?.inode === record.inode) return false;
    const found = exists(this.#at(to));
    return found.kind === 'absent' || (found.kind === 'there' && found.stats.ino === record.inode);
  }

  #recordMove(from: RawPath, to: RawPath, record: IndexRecord) {
    const { index } = this.#ledger;
    const observedAt = this.#options.clock.now();
    if (index.get(to)) this.#recordDeletion(to, { observedAt, coalesced: 0 });
    this.#write('renamed', to, record, { observedAt, previousPath: from });
    index.move(from, to);
    // The rename itself changes the ctime, so the next look reads the file again.
    if (record.type !== 'directory') return;
    if (!this.#ledger.rules.some((rule) => rule.includes('/'))) return;
    // A rule that is a path may ignore more or less of the folder at its new place.
    forgetIgnored(index, this.#ledger.rules, to);
    this.queue.add(to, { told: true, list: true, deep: true });
  }

  /** A folder that events lead into may itself not have been looked at yet. */
  #ensureFolder(folder: RawPath) {
    if (folder === '' || this.#ledger.index.get(folder)) return;
    this.#ensureFolder(parentOf(folder));
    const found = exists(this.#at(folder));
    if (found.kind !== 'there' || !found.stats.isDirectory() || this.#ignored(folder)) return;
    this.queue.add(folder, { told: true });
    const look = this.queue.take(folder);
    if (look) this.#lookAt(look);
  }

  #wake() {
    if (this.#pumping || this.#closed) return;
    this.#pumping = true;
    setImmediate(() => this.#pump());
  }

  #pump() {
    this.#pumping = false;
    const { clock } = this.#options;
    const end = clock.monotonic() + sliceMs;
    while (!this.#closed && clock.monotonic() < end) {
      const look = this.queue.next();
      if (!look) break;
      this.#lookAt(look);
    }
    this.#options.onSlice();
    if (this.queue.hasReady) this.#wake();
  }

  #lookAt(look: Look) {
    const { path } = look;
    const { index } = this.#ledger;
    if (this.#ignored(path)) return this.queue.finish(look);
    if (path !== '' && index.get(parentOf(path))?.type !== 'directory') {
      // Its folder is new or was replaced: the folder's listing will have it.
      this.queue.add(parentOf(path), { told: look.told, confirmed: look.confirmed, from: look });
      return this.queue.finish(look);
    }
    const observedAt = this.#options.clock.now();
    const found = exists(this.#at(path));
    if (!this.#folderHolds(path)) return this.#contradict(look);
    if (found.kind === 'there') return this.#lookAtFound(look, found.stats, observedAt);
    if (found.kind === 'unknown') return this.queue.finish(look);
    if (path === '') this.#options.onBlind('no_root');
    else if (index.get(path)) {
      if (!this.#mayRecord(look)) return;
      this.#recordDeletion(path, { observedAt, coalesced: Math.max(0, look.changes - 1) });
    }
    this.queue.finish(look);
  }

  #lookAtFound(look: Look, stats: Stats, observedAt: number) {
    const { path } = look;
    const record = this.#ledger.index.get(path);
    const type = typeOf(stats);
    if (path === '' && type !== 'directory') {
      this.#options.onBlind('no_root');
      return this.queue.finish(look);
    }
    if (record?.type === type && isSame(stats, record)) {
      if (type === 'directory' && (look.list || look.deep)) return this.#list(look, false);
      return this.queue.finish(look);
    }
    if (type !== 'file') {
      const state = stateWithoutContent(this.#at(path), stats);
      if (!state) return this.#tryAgain(look);
      return this.#record({ look, stats, observedAt, state });
    }
    const waitMs = stats.size === 0 ? 0 : this.#pace.take(path, stats.size);
    if (waitMs > 0) return this.queue.wait(look, waitMs);
    if (stats.size > limits.hashAtOnceBytesMax) return void this.#readLarge(look, stats, observedAt);
    const reading: Reading =
      stats.size === 0 ? { kind: 'read', sha256: emptySha256 } : hashAtOnce(this.#at(path), stats);
    this.#take({ look, stats, observedAt, reading });
  }

  async #readLarge(look: Look, stats: Stats, observedAt: number): Promise<void> {
    while (this.#reading >= limits.hashesInFlightMax) await new Promise<void>((resolve) => this.#readers.push(resolve));
    this.#reading += 1;
    const reading = await hashStreaming(this.#at(look.path), stats);
    this.#reading -= 1;
    this.#readers.shift()?.();
    // A rename may have carried the look elsewhere, or recording has been paused.
    if (look.state !== 'taken' || this.#closed) return;
    if (!this.#folderHolds(look.path)) return this.#contradict(look);
    this.#take({ look, stats, observedAt, reading });
  }

  #take({ look, stats, observedAt, reading }: Seen & { reading: Reading }) {
    if (reading.kind === 'changed') {
      look.tries += 1;
      if (look.tries < limits.hashTriesMax) return this.queue.wait(look, retryBaseMs * 2 ** look.tries);
    }
    const state: FileState = {
      type: 'file',
      mode: stats.mode & 0o7777,
      size: stats.size,
      sha256: reading.kind === 'read' ? reading.sha256 : null,
      linkTarget: null,
      unhashed: reading.kind === 'read' ? null : reading.kind === 'changed' ? 'changing' : reading.kind,
    };
    this.#record({ look, stats, observedAt, state });
  }

  /** Records what was seen, if it differs from what is recorded. */
  #record({ look, stats, observedAt, state }: Seen & { state: FileState }) {
    const { path } = look;
    const { index } = this.#ledger;
    const record = index.get(path);
    // The folder's own names are not told by its parent's listing, so a root's mode is not an entry.
    const differs = path !== '' && (!record || isOther(record, state, stats));
    if (differs) {
      if (!this.#mayRecord(look)) return;
      const coalesced = Math.max(0, look.changes - 1);
      const replaced = record && record.type !== state.type;
      if (replaced) this.#recordDeletion(path, { observedAt, coalesced: 0 });
      this.#write(record && !replaced ? 'modified' : 'created', path, state, { observedAt, coalesced });
    }
    if (record && record.inode !== stats.ino) this.#lookAtLinks(path, record.inode, look);
    const stamp: Stamp = state.unhashed === 'changing' ? unknownStamp : stampOf(stats, observedAt);
    index.set(path, { ...state, ...stamp });
    if (state.type === 'directory') {
      // Another mode may show what was hidden.
      const isNew = record?.inode !== stats.ino || record.type !== 'directory' || record.mode !== state.mode;
      if (isNew || look.list || look.deep) return this.#list(look, isNew);
    } else if (stats.nlink > 1) this.#lookAtLinks(path, stats.ino, look);
    this.queue.finish(look);
  }

  /**
   * A write through one hard link changes the file under its other names, and is told of the one only; which may name
   * another file by now. (A link that came, was written through and went before anyone looked leaves its file's other
   * names to the next scan, and so does a write through an ignored name.)
   */
  #lookAtLinks(path: RawPath, inode: number, from?: Look) {
    for (const other of this.#ledger.index.linkedTo(inode, path))
      this.queue.add(other, { told: from?.told ?? true, ...(from && { from }) });
  }

  #recordDeletion(path: RawPath, facts: { observedAt: number; coalesced: number }) {
    const { index } = this.#ledger;
    const below = [...index.entries(path)].reverse();
    for (const [at, { type }] of below) {
      const gone: FileState = { type, mode: null, size: null, sha256: null, linkTarget: null, unhashed: null };
      this.#write('deleted', at, gone, { observedAt: facts.observedAt, coalesced: at === path ? facts.coalesced : 0 });
    }
    // Its watches end with the folder. To end them by path would be wrong: the watcher has read on, and another folder
    // may have been moved there since.
    for (const [at, { inode }] of below) this.#lookAtLinks(at, inode);
    index.remove(path);
  }

  /** Watches the folder, then lists it: whatever is in it is either listed or told of by an event. */
  #list(look: Look, isNew: boolean) {
    const { path } = look;
    const result = this.watcher?.watch(path) ?? 'no_watches';
    if (result === 'no_watches') this.#options.onBlind('no_watches');
    const names = result === 'gone' ? undefined : namesIn(this.#at(path));
    if (names === 'denied' || result === 'denied') return this.queue.finish(look);
    if (!names) {
      // It was moved or removed just now; an event will say which, and carries this look along.
      look.list = true;
      return this.queue.wait(look, explainMs);
    }
    const { confirmed, deep, list } = look;
    const told = look.told && (isNew || list);
    for (const name of new Set([...names, ...this.#ledger.index.names(path)])) {
      const child = joinRaw(path, name);
      if (!this.#ignored(child)) this.queue.add(child, { told, confirmed, deep, list: told && deep, from: look });
    }
    look.list = false;
    look.deep = false;
    this.queue.finish(look);
  }

  /** Whether the path's folder is the one that the index knows, so that what was seen was seen in it. */
  #folderHolds(path: RawPath): boolean {
    if (path === '') return true;
    const folder = parentOf(path);
    const found = exists(this.#at(folder));
    return found.kind === 'there' && found.stats.ino === this.#ledger.index.get(folder)?.inode;
  }

  /** The folder was moved, removed or replaced. Its event may be on its way; without one its own look will tell. */
  #contradict(look: Look) {
    look.tries += 1;
    const list = look.tries > contradictionsMax;
    this.queue.add(parentOf(look.path), { told: look.told, list, delayMs: explainMs, from: look });
    if (list) return this.queue.finish(look);
    this.queue.wait(look, explainMs + 1);
  }

  #tryAgain(look: Look) {
    look.tries += 1;
    if (look.tries >= limits.hashTriesMax) return this.queue.finish(look);
    this.queue.wait(look, retryBaseMs * 2 ** look.tries);
  }

  /**
   * Whether a difference may be recorded now. What no event told is recorded within a gap only; and before one is
   * opened for it, the events up to now are read, since one of them may tell it after all.
   */
  #mayRecord(look: Look): boolean {
    if (look.told || this.#ledger.openGap) return true;
    if (look.confirmed) {
      this.#options.onUntold();
      return true;
    }
    this.queue.hold(look);
    this.#untold.push(look);
    if (this.#untold.length === 1) void this.#confirmUntold();
    return false;
  }

  async #confirmUntold(): Promise<void> {
    await this.watcher?.drain();
    for (const look of this.#untold.splice(0)) this.queue.release(look);
  }

  #write(
    kind: ObservedEntry['kind'],
    path: RawPath,
    { type, mode, size, sha256, linkTarget, unhashed }: FileState,
    { observedAt, coalesced = 0, previousPath }: { observedAt: number; coalesced?: number; previousPath?: RawPath },
  ): void {
    this.#ledger.write({
      kind,
      type,
      path: wirePathOf(path),
      previousPath: previousPath === undefined ? null : wirePathOf(previousPath),
      mode,
      linkTarget,
      size,
      sha256,
      unhashed,
      coalesced,
      reason: null,
      rules: null,
      observedAt,
    });
  }

  #at(path: RawPath): string | Buffer {
    return absolutePath(this.#options.root, path);
  }
}

interface Seen {
  look: Look;
  stats: Stats;
  /** Wall time before anything was read. */
  observedAt: number;
}

function isOther(record: IndexRecord, state: FileState, stats: Stats): boolean {
  return (
    record.type !== state.type ||
    record.mode !== state.mode ||
    record.size !== state.size ||
    record.sha256 !== state.sha256 ||
    record.linkTarget !== state.linkTarget ||
    record.unhashed !== state.unhashed ||
    // Without a hash only the times tell that the content may be another.
    (state.unhashed !== null && record.mtimeMs !== stats.mtimeMs)
  );
}

function typeAt(path: string | Buffer) {
  const found = exists(path);
  return found.kind === 'there' ? typeOf(found.stats) : undefined;
}

/** The names in a folder as byte strings; undefined when it is none (any more). */
function namesIn(path: string | Buffer): string[] | 'denied' | undefined {
  try {
    return readdirSync(path, { encoding: 'latin1' });
  } catch (error) {
    const { code } = error as { code?: string };
    return code === 'ENOENT' || code === 'ENOTDIR' ? undefined : 'denied';
  }
}
