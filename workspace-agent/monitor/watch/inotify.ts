import { close, mkdirSync, read, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Clock } from '../../../lib/base/clock.ts';
import { absolutePath, joinRaw, type RawPath } from '../raw-path.ts';
import { FolderTree } from './folder-tree.ts';
import { flag, type Libc } from './libc.ts';
import type { WatchEvent, Watcher, WatcherOptions, WatchResult } from './watcher.ts';

/** Room for the kernel's whole queue (16,384 events) with names of usual length. */
const readBufferBytes = 1024 * 1024;
/** How long one half of a rename waits for the other, which the kernel queues right behind it. */
const renameWaitMs = 10;
const headerBytes = 16;
const mask =
  flag.modify |
  flag.attributes |
  flag.closeWrite |
  flag.movedFrom |
  flag.movedTo |
  flag.create |
  flag.delete |
  flag.deleteSelf |
  flag.onlyFolder |
  flag.noFollow;

interface Departure {
  path: RawPath;
  isFolder: boolean;
  /** The folder's watch when it left, to know it again. */
  watch: number | undefined;
}

/**
 * inotify through libc. The descriptor is read on a thread of the pool, always with one read pending; a rename in a
 * folder of its own (the marker) ends that read, and tells how far the queue has been read.
 */
export class InotifyWatcher implements Watcher {
  readonly tellsLost = true;
  #options: WatcherOptions;
  #libc: Libc;
  #clock: Clock;
  #descriptor: number | undefined;
  #buffer = Buffer.allocUnsafeSlow(readBufferBytes);
  #tree = new FolderTree();
  #departures = new Map<number, Departure>();
  #departureTimer: Disposable | undefined;
  #markerWatch = -1;
  #marks = 0;
  #drains = new Map<string, (known: boolean) => void>();
  #closed: Promise<void> | undefined;
  #onClosed: (() => void) | undefined;

  constructor(options: WatcherOptions & { libc: Libc; clock: Clock }) {
    this.#options = options;
    this.#libc = options.libc;
    this.#clock = options.clock;
  }

  get watches(): number {
    return this.#tree.size;
  }

  watch(folder: RawPath): WatchResult {
    if (this.#closed) return 'gone';
    try {
      const descriptor = this.#open();
      const watch = this.#libc.inotifyAddWatch({ descriptor, path: absolutePath(this.#options.root, folder), mask });
      const replaced = this.#tree.set(folder, watch);
      if (replaced !== undefined) this.#libc.inotifyRemoveWatch({ descriptor, watch: replaced });
      return 'watching';
    } catch (error) {
      return resultOf(error);
    }
  }

  unwatch(folder: RawPath): void {
    const descriptor = this.#descriptor;
    for (const watch of this.#tree.remove(folder))
      if (descriptor !== undefined) this.#libc.inotifyRemoveWatch({ descriptor, watch });
  }

  drain(): Promise<boolean> {
    if (this.#descriptor === undefined || this.#closed) return Promise.resolve(false);
    return new Promise((resolve) => this.#drains.set(this.#mark(), resolve));
  }

  close(): Promise<void> {
    this.#closed ??= new Promise((resolve) => {
      if (this.#descriptor === undefined) return resolve();
      this.#onClosed = resolve;
      this.#mark();
    });
    return this.#closed;
  }

  /** The descriptor, opened at first need; a machine without an instance left may have one later. */
  #open(): number {
    if (this.#descriptor !== undefined) return this.#descriptor;
    const folder = join(this.#options.state, 'marker');
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, '0'), '');
    const descriptor = this.#libc.inotifyInit();
    try {
      this.#markerWatch = this.#libc.inotifyAddWatch({ descriptor, path: folder, mask: flag.movedTo });
    } catch (error) {
      close(descriptor);
      throw error;
    }
    this.#descriptor = descriptor;
    this.#marks = 0;
    this.#read(descriptor);
    return descriptor;
  }

  #mark(): string {
    const folder = join(this.#options.state, 'marker');
    const next = String(this.#marks + 1);
    renameSync(join(folder, String(this.#marks)), join(folder, next));
    this.#marks += 1;
    return next;
  }

  #read(descriptor: number) {
    read(descriptor, this.#buffer, 0, readBufferBytes, null, (error, length) => {
      if (error) this.#options.onFault(error);
      const events = error ? [{ kind: 'lost' } as const] : this.#parse(this.#buffer.subarray(0, length));
      if (this.#closed || error) this.#end(descriptor);
      // The next read is under way before anything is done about this one: the kernel's queue is what must not fill.
      else this.#read(descriptor);
      if (events.length > 0) this.#options.onEvents(events);
    });
  }

  #end(descriptor: number) {
    this.#descriptor = undefined;
    this.#departureTimer?.[Symbol.dispose]();
    this.#tree.remove('');
    this.#settleDrains(false);
    close(descriptor, () => this.#onClosed?.());
  }

  #parse(bytes: Buffer): WatchEvent[] {
    const events: WatchEvent[] = [];
    for (let at = 0; at + headerBytes <= bytes.length; ) {
      const nameBytes = bytes.readUInt32LE(at + 12);
      const nameStart = at + headerBytes;
      at = nameStart + nameBytes;
      // Names are padded with NUL bytes.
      const end = nameBytes === 0 ? nameStart : bytes.indexOf(0, nameStart);
      const header = nameStart - headerBytes;
      this.#take(
        {
          watch: bytes.readInt32LE(header),
          mask: bytes.readUInt32LE(header + 4),
          cookie: bytes.readUInt32LE(header + 8),
          name: bytes.toString('latin1', nameStart, end === -1 ? at : Math.min(end, at)),
        },
        events,
      );
    }
    return events;
  }

  #take(event: { watch: number; mask: number; cookie: number; name: string }, events: WatchEvent[]) {
    if (event.mask & flag.overflow) {
      this.#settleDrains(false);
      events.push({ kind: 'lost' });
      return;
    }
    if (event.watch === this.#markerWatch) {
      // What arrived before the mark would have been read before it.
      this.#giveUpDepartures(events);
      this.#drains.get(event.name)?.(true);
      this.#drains.delete(event.name);
      return;
    }
    if (event.mask & flag.ignored) return this.#tree.forget(event.watch);
    const folder = this.#tree.pathOf(event.watch);
    if (folder === undefined) return;
    // Without a name it is about the folder itself, which its parent's watch tells too; the root has only this.
    const path = event.name === '' ? folder : joinRaw(folder, event.name);
    const isFolder = (event.mask & flag.isFolder) !== 0;
    if (event.mask & flag.movedFrom) return this.#depart(event.cookie, { path, isFolder, watch: undefined });
    if (event.mask & flag.movedTo) {
      const departure = this.#departures.get(event.cookie);
      if (departure) {
        this.#departures.delete(event.cookie);
        this.#arrive(departure, path);
        events.push({ kind: 'moved', from: departure.path, to: path });
        return;
      }
    }
    const unfinished = flag.modify | flag.attributes | (isFolder ? 0 : flag.create);
    events.push({ kind: 'changed', path, settled: (event.mask & unfinished) === 0 });
  }

  #depart(cookie: number, departure: Departure) {
    if (departure.isFolder) departure.watch = this.#tree.watchOf(departure.path);
    this.#departures.set(cookie, departure);
    this.#departureTimer ??= this.#clock.after(renameWaitMs, () => {
      this.#departureTimer = undefined;
      const events: WatchEvent[] = [];
      this.#giveUpDepartures(events);
      if (events.length > 0) this.#options.onEvents(events);
    });
  }

  #arrive(departure: Departure, to: RawPath) {
    const { path, isFolder, watch } = departure;
    // When the folder was watched at its new place already, the tree knows.
    if (isFolder && watch !== undefined && this.#tree.watchOf(path) === watch) this.#tree.move(path, to);
  }

  /** What has no arrival has left the workspace, or went where nobody watches. */
  #giveUpDepartures(events: WatchEvent[]) {
    for (const departure of this.#departures.values()) {
      const { path, isFolder, watch } = departure;
      if (isFolder && watch !== undefined && this.#tree.watchOf(path) === watch) this.unwatch(path);
      events.push({ kind: 'changed', path, settled: true });
    }
    this.#departures.clear();
  }

  #settleDrains(known: boolean) {
    for (const resolve of this.#drains.values()) resolve(known);
    this.#drains.clear();
  }
}

function resultOf(error: unknown): WatchResult {
  const code = (error as { code?: unknown }).code;
  if (code === 'ENOSPC' || code === 'EMFILE' || code === 'ENFILE' || code === 'ENOMEM') return 'no_watches';
  if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'ELOOP') return 'gone';
  if (code === 'EACCES' || code === 'EPERM') return 'denied';
  throw error;
}
