import { type FSWatcher, watch } from 'chokidar';
import { type Clock, delay } from '../../../lib/base/clock.ts';
import type { RawPath } from '../raw-path.ts';
import type { WatchEvent, Watcher, WatcherOptions, WatchResult } from './watcher.ts';

/** How long a change takes to be told, generously: nothing says when everything has been. */
const tellMs = 200;
const replacement = '\uFFFD';

/**
 * chokidar, where inotify is missing. It does not tell of lost events, knows no renames, and its names are text: for
 * one that is not UTF-8 the folder is named instead.
 */
export class ChokidarWatcher implements Watcher {
  readonly tellsLost = false;
  #options: WatcherOptions;
  #clock: Clock;
  #watcher: FSWatcher;
  #exhausted = false;

  private constructor(options: WatcherOptions & { clock: Clock }) {
    this.#options = options;
    this.#clock = options.clock;
    this.#watcher = watch(options.root, {
      ignoreInitial: true,
      followSymlinks: false,
      ignorePermissionErrors: true,
      atomic: false,
      ignored: (path) => this.#isBelowRoot(path) && options.ignored(this.#rawPath(path)),
    });
    this.#watcher.on('all', (_event, path) => this.#tell(path));
    // Heard before chokidar looks at the file: which it cannot do under a name that is not text, and after which it
    // keeps some changes to itself.
    this.#watcher.on('raw', (_event, name, details) => {
      const folder = (details as { watchedPath?: string }).watchedPath;
      if (name && folder) this.#tell(folder.endsWith(name) ? folder : `${folder}/${name}`);
    });
    this.#watcher.on('error', (error) => {
      if ((error as { code?: string }).code === 'ENOSPC') this.#exhausted = true;
      options.onFault(error);
    });
  }

  /** Resolves once everything that is there is being watched. */
  static async open(options: WatcherOptions & { clock: Clock }): Promise<ChokidarWatcher> {
    const watcher = new ChokidarWatcher(options);
    await new Promise<void>((resolve) => watcher.#watcher.once('ready', () => resolve()));
    return watcher;
  }

  get watches(): number {
    return Object.keys(this.#watcher.getWatched()).length;
  }

  watch(): WatchResult {
    return this.#exhausted ? 'no_watches' : 'watching';
  }

  unwatch(): void {
    // chokidar follows the tree by itself.
  }

  async drain(): Promise<boolean> {
    await delay(this.#clock, tellMs);
    return false;
  }

  close(): Promise<void> {
    return this.#watcher.close();
  }

  #isBelowRoot(path: string): boolean {
    return path.startsWith(`${this.#options.root}/`);
  }

  #rawPath(path: string): RawPath {
    return Buffer.from(path.slice(this.#options.root.length + 1)).toString('latin1');
  }

  #tell(path: string): void {
    const event: WatchEvent = path.includes(replacement)
      ? { kind: 'unnamed', folder: this.#rawPath(textFolder(path)) }
      : { kind: 'changed', path: this.#isBelowRoot(path) ? this.#rawPath(path) : '', settled: true };
    this.#options.onEvents([event]);
  }
}

/** The nearest folder whose path is text. */
function textFolder(path: string): string {
  return path.slice(0, path.lastIndexOf('/', path.indexOf(replacement)));
}
