import { Disposables } from '../base/disposables.ts';
import { isCoditectError } from '../contracts/errors.ts';
import { isWithin, type WirePath } from '../contracts/path.ts';
import type { FileState } from '../contracts/records.ts';
import type { TrailEntry } from '../contracts/trail.ts';
import { Document, type DocumentContext } from './document.ts';
import { Observable, type Readable } from './observable.ts';
import { movedPath } from './paths.ts';

/** How long a program that saves by renaming may take between its two steps. */
const renameSettlesMs = 400;

export interface Tabs {
  order: readonly Document[];
  active: Document | null;
}

/** The open files of a session, in the order of their tabs. */
export class Documents implements Disposable {
  readonly #context: DocumentContext;
  readonly #tabs = new Observable<Tabs>({ order: [], active: null });
  readonly #ending = new Disposables();
  #opened = 0;

  constructor(context: DocumentContext) {
    this.#context = context;
    this.#ending.add(
      context.connection.onAttached(() => {
        for (const document of this.#tabs.get().order) void this.#look(document);
      }),
    );
    this.#flushWhenHidden();
  }

  get tabs(): Readable<Tabs> {
    return this.#tabs;
  }

  /** Opens the tabs that the session remembers, and those of any unsaved text it does not. */
  async restore(files: readonly FileState[]): Promise<void> {
    const entries = await this.#context.journal.list(this.#context.sessionId);
    const unsaved = new Set(entries.map((entry) => entry.path));
    const remembered = [...files].sort((a, b) => a.position - b.position);
    for (const file of remembered)
      this.#add(file.path, unsaved.has(file.path)).cursor = { line: file.line, column: file.column };
    for (const path of unsaved) if (!this.find(path)) this.#add(path, true);
    const active = remembered.find((file) => file.active) ?? remembered[0];
    const document = (active && this.find(active.path)) ?? this.#tabs.get().order[0];
    if (document) this.activate(document);
    for (const other of this.#tabs.get().order) if (unsaved.has(other.path)) void other.load();
  }

  find(path: WirePath): Document | undefined {
    return this.#tabs.get().order.find((document) => document.path === path);
  }

  /** Opens a file, or shows its tab when it is open. */
  open(path: WirePath): Document {
    const document = this.find(path) ?? this.#add(path, false);
    this.activate(document);
    return document;
  }

  activate(document: Document): void {
    this.#tabs.update((tabs) => ({ ...tabs, active: document }));
    void document.load();
  }

  /** Closes a tab. Unsaved text is thrown away: ask first. */
  async close(document: Document): Promise<void> {
    const { order, active } = this.#tabs.get();
    const at = order.indexOf(document);
    if (at < 0) return;
    const rest = order.filter((other) => other !== document);
    const next = active === document ? (rest[Math.min(at, rest.length - 1)] ?? null) : active;
    this.#tabs.set({ order: rest, active: next });
    if (next) void next.load();
    if (document.dirty) await document.discard();
    document[Symbol.dispose]();
  }

  /** Moves a tab to another place. */
  move(document: Document, to: number): void {
    this.#tabs.update(({ order, active }) => {
      const rest = order.filter((other) => other !== document);
      return { order: [...rest.slice(0, to), document, ...rest.slice(to)], active };
    });
  }

  async saveAll(): Promise<void> {
    await Promise.all(this.#tabs.get().order.map((document) => document.save()));
  }

  /** Follows the trail: renamed files keep their tabs, changed ones are looked at. */
  apply(entries: readonly TrailEntry[]): void {
    for (const document of this.#tabs.get().order) {
      const moves = entries.map((entry) => (entry.kind === 'renamed' ? movedPath(document.path, entry) : undefined));
      const moved = moves.findLast((path) => path !== undefined);
      if (moved !== undefined) this.#followLater(document, moved);
      else if (entries.some((entry) => touches(entry, document))) void this.#look(document);
    }
  }

  /** What the session stores of the open files. */
  snapshot(): FileState[] {
    const { order, active } = this.#tabs.get();
    return order.map((document, position) => {
      const { path, base } = document.state.get();
      const baseSha256 = base === 'absent' ? null : base;
      return { path, position, active: document === active, baseSha256, ...document.cursor };
    });
  }

  async flushJournal(): Promise<void> {
    await Promise.all(this.#tabs.get().order.map((document) => document.flushJournal()));
  }

  [Symbol.dispose](): void {
    void this.flushJournal();
    this.#ending[Symbol.dispose]();
    for (const document of this.#tabs.get().order) document[Symbol.dispose]();
  }

  #add(path: WirePath, unsaved: boolean): Document {
    this.#opened += 1;
    const document = new Document(this.#context, { key: `d${this.#opened}`, path, unsaved });
    this.#tabs.update(({ order, active }) => ({ order: [...order, document], active }));
    return document;
  }

  /**
   * Many programs save by renaming the old file away and writing a new one under its name. So a tab goes with a rename
   * only when, a moment later, there is nothing under the old name and something under the new one.
   */
  #followLater(document: Document, moved: WirePath): void {
    this.#ending.add(
      this.#context.clock.after(renameSettlesMs, () => {
        void this.#follow(document, moved).catch(() => undefined);
      }),
    );
  }

  async #follow(document: Document, moved: WirePath): Promise<void> {
    const exists = (path: WirePath) =>
      this.#context.connection.persist('file.stat', { path }).then(
        () => true,
        (error: unknown) => {
          if (isCoditectError(error, 'not_found')) return false;
          throw error;
        },
      );
    const gone = !(await exists(document.path)) && (await exists(moved));
    if (gone && !this.find(moved)) await document.renamed(moved);
    else await this.#look(document);
  }

  async #look(document: Document): Promise<void> {
    // A look that fails leaves the text as it is; the next entry or attachment looks again.
    await document.diskChanged().catch(() => undefined);
  }

  #flushWhenHidden(): void {
    if (typeof window === 'undefined') return;
    const flush = () => void this.flushJournal();
    window.addEventListener('pagehide', flush);
    document.addEventListener('visibilitychange', flush);
    this.#ending.defer(() => {
      window.removeEventListener('pagehide', flush);
      document.removeEventListener('visibilitychange', flush);
    });
  }
}

function touches(entry: TrailEntry, document: Document): boolean {
  switch (entry.kind) {
    case 'created':
    case 'modified':
    case 'renamed':
      return entry.path === document.path && entry.sha256 !== document.state.get().base;
    case 'deleted':
      return isWithin(document.path, entry.path);
    case 'gap_closed':
      // What was missed in the gap is not told one by one.
      return true;
    default:
      return false;
  }
}
