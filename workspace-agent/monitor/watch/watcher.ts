import type { RawPath } from '../raw-path.ts';

/** What a watcher says. All of it is a hint to look; what is true stands on the disk. */
export type WatchEvent =
  /**
   * Something about the path, or its existence, changed. `settled`: the change is whole (a writer closed the file, a
   * name went away); otherwise more of it is likely to follow within milliseconds.
   */
  | { kind: 'changed'; path: RawPath; settled: boolean }
  /** Something in the folder changed that has no name we could be told. */
  | { kind: 'unnamed'; folder: RawPath }
  | { kind: 'moved'; from: RawPath; to: RawPath }
  /** Events were dropped: only a scan knows what happened. */
  | { kind: 'lost' };

/** `gone`: no such folder (any more). `denied`: it may not be read. `no_watches`: the kernel has none left. */
export type WatchResult = 'watching' | 'gone' | 'denied' | 'no_watches';

/**
 * Watches folders, each by itself: whoever walks the tree asks for a watch *before* listing a folder, so that
 * everything in it is either listed or told. Events come in the order in which things happened.
 */
export interface Watcher {
  /** Whether lost events are told (`lost`). */
  readonly tellsLost: boolean;
  /** Folders now watched. */
  readonly watches: number;
  /** Watches what is directly in `folder`. Doing it again is harmless, and mends a watch that was lost. */
  watch(folder: RawPath): WatchResult;
  /** Stops watching `folder` and all below it. */
  unwatch(folder: RawPath): void;
  /**
   * Resolves when every event of what happened before the call has been delivered, with `true`; with `false` when
   * this watcher cannot know.
   */
  drain(): Promise<boolean>;
  close(): Promise<void>;
}

export interface WatcherOptions {
  /** The workspace's folder, absolute and without symlinks on its way. */
  root: string;
  /** A folder of the watcher's own, outside the root. */
  state: string;
  ignored(path: RawPath): boolean;
  /** Hears everything, a batch at a time, from the first `watch` on. */
  onEvents(events: WatchEvent[]): void;
  onFault(error: unknown): void;
}
