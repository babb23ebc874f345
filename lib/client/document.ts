import type { Clock } from '../base/clock.ts';
import { Disposables } from '../base/disposables.ts';
import type { Random } from '../base/random.ts';
import { isCoditectError, type Problem, toProblem } from '../contracts/errors.ts';
import type { SessionId } from '../contracts/ids.ts';
import { limits } from '../contracts/limits.ts';
import type { WirePath } from '../contracts/path.ts';
import type { Connection } from './connection.ts';
import { readFile, writeFile } from './file-transfer.ts';
import type { Journal, JournalEntry } from './journal.ts';
import { Observable, type Readable } from './observable.ts';
import { decodeText, type TextBuffer, type TextBuffers } from './text-buffer.ts';

/** What stands on disk: a hash, or that there is no such file. */
export type DiskState = string | 'absent';

export type DocumentContent =
  | { kind: 'loading' }
  | { kind: 'text' }
  | { kind: 'binary'; size: number; sha256: string }
  | { kind: 'too_large'; size: number }
  | { kind: 'failed'; problem: Problem };

export type SaveState =
  | { kind: 'idle' }
  | { kind: 'saving' }
  /** Not answered yet; it is tried again by itself. */
  | { kind: 'waiting'; reason: Problem }
  | { kind: 'failed'; reason: Problem }
  /** The file was changed by someone else since it was opened: the person chooses. */
  | { kind: 'stale' };

export interface DocumentState {
  path: WirePath;
  content: DocumentContent;
  dirty: boolean;
  save: SaveState;
  /** What happened on disk to a file with unsaved text; a file without is simply read again. */
  disk: 'same' | 'changed' | 'deleted';
  /** What the text is based on; null until it is known. */
  base: DiskState | null;
}

export interface DocumentContext {
  connection: Connection;
  journal: Journal;
  buffers: () => Promise<TextBuffers>;
  sessionId: SessionId;
  clock: Clock;
  random: Random;
}

/** Theirs and mine, for the person to choose between. */
export interface Comparison {
  /** Null when the file is gone, or is no text any more. */
  theirs: string | null;
  theirBase: DiskState;
  mine: string;
}

/** One open file: its text, what it is based on, and its way to disk. */
export class Document implements Disposable {
  readonly key: string;
  /** Where the cursor is, for the session to remember. */
  cursor = { line: 1, column: 1 };
  readonly #context: DocumentContext;
  readonly #state: Observable<DocumentState>;
  readonly #ending = new Disposables();
  #buffer: TextBuffer | undefined;
  #savedVersion = 0;
  #loading: Promise<void> | undefined;
  #saving: Promise<void> | undefined;
  #journalTimer: Disposable | undefined;
  #journalled: boolean;

  constructor(context: DocumentContext, file: { key: string; path: WirePath; unsaved?: boolean }) {
    this.#context = context;
    this.key = file.key;
    this.#journalled = file.unsaved === true;
    const dirty = this.#journalled;
    const content = { kind: 'loading' } as const;
    this.#state = new Observable<DocumentState>({
      path: file.path,
      content,
      dirty,
      save: { kind: 'idle' },
      disk: 'same',
      base: null,
    });
  }

  get state(): Readable<DocumentState> {
    return this.#state;
  }

  get path(): WirePath {
    return this.#state.get().path;
  }

  get dirty(): boolean {
    return this.#state.get().dirty;
  }

  /** The text, once `content` is `text`. */
  get buffer(): TextBuffer | undefined {
    return this.#buffer;
  }

  /** Reads the file, and the journal over it, once; again after a failure. */
  load(): Promise<void> {
    if (this.#state.get().content.kind === 'failed') this.#loading = undefined;
    this.#loading ??= this.#load();
    return this.#loading;
  }

  /** Saves what is typed. Resolves when it is on disk or the state says why not; never rejects. */
  async save(): Promise<void> {
    // A save under way may not hold the newest text: wait, then see what is left.
    if (this.#saving) await this.#saving;
    const { dirty, disk, base } = this.#state.get();
    if (!this.#buffer || base === null || (!dirty && disk === 'same')) return;
    this.#saving ??= this.#write(base).finally(() => {
      this.#saving = undefined;
    });
    await this.#saving;
  }

  /** What is on disk now beside what is typed. @throws CoditectError when the file cannot be read. */
  async compare(): Promise<Comparison> {
    const mine = this.#buffer?.text() ?? '';
    const found = await this.#readDisk();
    if (found === 'absent') return { theirs: null, theirBase: 'absent', mine };
    return { theirs: decodeText(found.bytes) ?? null, theirBase: found.sha256, mine };
  }

  /** Ends a comparison: saves mine over exactly what was compared, or replaces mine (undoable) by theirs. */
  async choose(choice: 'mine' | 'theirs', { theirs, theirBase }: Comparison): Promise<void> {
    if (!this.#buffer) return;
    if (choice === 'mine') {
      this.#patch({ base: theirBase, disk: 'changed', save: { kind: 'idle' } });
      return this.save();
    }
    this.#adopt({ text: theirs ?? '', base: theirBase });
  }

  /** Puts the question of a stale write aside; the text stays unsaved. */
  postpone(): void {
    if (this.#state.get().save.kind === 'stale') this.#patch({ save: { kind: 'idle' }, disk: 'changed' });
  }

  /** The file may have changed: looks, follows when nothing is unsaved, else says so. */
  async diskChanged(): Promise<void> {
    if (this.#saving) await this.#saving;
    const { content, base } = this.#state.get();
    if (content.kind === 'loading') return;
    if (content.kind !== 'text') {
      this.#loading = undefined;
      return this.load();
    }
    const now = await this.#hashOnDisk();
    if (now === base || now === undefined) return this.#patch({ disk: 'same' });
    if (now === 'absent') return this.#patch({ disk: 'deleted' });
    await this.#follow();
  }

  /** The file goes by another name now. */
  async renamed(path: WirePath): Promise<void> {
    const from = this.path;
    this.#patch({ path });
    this.#buffer?.rename(path);
    await this.#context.journal.rename(this.#context.sessionId, from, path);
  }

  /** Writes unsaved text to the journal now: when the page may end at any moment. */
  async flushJournal(): Promise<void> {
    this.#journalTimer?.[Symbol.dispose]();
    this.#journalTimer = undefined;
    const { base, path, dirty } = this.#state.get();
    const { journal, sessionId, clock } = this.#context;
    if (dirty && this.#buffer && base !== null) {
      this.#journalled = true;
      await journal.put({ sessionId, path, text: this.#buffer.text(), base, writtenAt: clock.now() });
    } else if (this.#journalled && !dirty) {
      this.#journalled = false;
      await journal.remove(sessionId, path);
    }
  }

  /** Forgets unsaved text for good: the person said so. */
  async discard(): Promise<void> {
    this.#journalTimer?.[Symbol.dispose]();
    this.#journalled = false;
    this.#patch({ dirty: false });
    await this.#context.journal.remove(this.#context.sessionId, this.path);
  }

  [Symbol.dispose](): void {
    this.#journalTimer?.[Symbol.dispose]();
    this.#ending[Symbol.dispose]();
  }

  async #load(): Promise<void> {
    this.#patch({ content: { kind: 'loading' } });
    try {
      const [found, unsaved, buffers] = await Promise.all([this.#readDisk(), this.#unsaved(), this.#context.buffers()]);
      if (this.#ending.ended) return;
      const base = found === 'absent' ? 'absent' : found.sha256;
      const text = found === 'absent' ? '' : decodeText(found.bytes);
      if (text === undefined && !unsaved && found !== 'absent')
        return this.#patch({ content: { kind: 'binary', size: found.bytes.length, sha256: found.sha256 }, base });
      if (found === 'absent' && !unsaved)
        return this.#patch({ content: { kind: 'failed', problem: gone }, disk: 'deleted' });
      this.#show({ buffers, text: text ?? '', base, unsaved });
    } catch (error) {
      const problem = toProblem(error);
      const content = isCoditectError(error, 'too_large')
        ? ({ kind: 'too_large', size: Number(error.details.facts?.size ?? 0) } as const)
        : ({ kind: 'failed', problem } as const);
      this.#patch({ content });
    }
  }

  /**
   * Shows the text on disk, and over it, as an edit, what was typed before and not saved. Unsaved text keeps the base it
   * was typed on: if the disk has moved on since, its save is stale and the person compares.
   */
  #show({
    buffers,
    text,
    base,
    unsaved,
  }: {
    buffers: TextBuffers;
    text: string;
    base: DiskState;
    unsaved: JournalEntry | undefined;
  }): void {
    this.#buffer?.[Symbol.dispose]();
    const buffer = this.#ending.add(buffers.create({ key: this.key, path: this.path, text }));
    this.#buffer = buffer;
    this.#savedVersion = buffer.version();
    const pending = unsaved && unsaved.text !== text ? unsaved : undefined;
    if (pending) buffer.replace(pending.text);
    const disk = !pending || pending.base === base ? 'same' : base === 'absent' ? 'deleted' : 'changed';
    this.#patch({ content: { kind: 'text' }, base: pending?.base ?? base, dirty: pending !== undefined, disk });
    this.#ending.add(buffer.onChange(() => this.#typed()));
    if (unsaved && !pending) void this.flushJournal();
  }

  /** Shows the file as it is on disk, unless something is typed on what it was. */
  async #follow(): Promise<void> {
    const found = this.dirty ? undefined : await this.#readDisk();
    if (found === undefined || this.dirty) return this.#patch({ disk: 'changed' });
    if (found === 'absent') return this.#patch({ disk: 'deleted' });
    const { bytes, sha256 } = found;
    const text = decodeText(bytes);
    if (text !== undefined) return this.#adopt({ text, base: sha256 });
    this.#patch({ content: { kind: 'binary', size: bytes.length, sha256 }, base: sha256, disk: 'same' });
  }

  #typed(): void {
    const dirty = this.#buffer?.version() !== this.#savedVersion;
    this.#patch({ dirty });
    this.#journalTimer ??= this.#context.clock.after(limits.journalDelayMs, () => void this.flushJournal());
  }

  #adopt({ text, base }: { text: string; base: DiskState }): void {
    if (!this.#buffer) return;
    if (this.#buffer.text() !== text) this.#buffer.replace(text);
    this.#savedVersion = this.#buffer.version();
    this.#patch({ base, dirty: false, disk: base === 'absent' ? 'deleted' : 'same', save: { kind: 'idle' } });
    void this.flushJournal();
  }

  async #write(base: DiskState): Promise<void> {
    const buffer = this.#buffer;
    if (!buffer) return;
    const version = buffer.version();
    const bytes = new TextEncoder().encode(buffer.text());
    this.#patch({ save: { kind: 'saving' } });
    try {
      const result = await writeFile(
        this.#context.connection,
        { path: this.path, bytes, baseHash: base },
        { random: this.#context.random, onWait: (reason) => this.#patch({ save: { kind: 'waiting', reason } }) },
      );
      this.#savedVersion = version;
      this.#patch({ base: result.sha256, dirty: buffer.version() !== version, disk: 'same', save: { kind: 'idle' } });
      await this.flushJournal();
    } catch (error) {
      const save = isCoditectError(error, 'stale_write')
        ? ({ kind: 'stale' } as const)
        : ({ kind: 'failed', reason: toProblem(error) } as const);
      this.#patch({ save });
    }
  }

  async #readDisk(): Promise<{ bytes: Uint8Array; sha256: string } | 'absent'> {
    const { connection } = this.#context;
    return readFile(connection, { path: this.path, bytesMax: limits.editorTextBytesMax }).catch(absentWhenMissing);
  }

  async #hashOnDisk(): Promise<DiskState | undefined> {
    const found = await this.#context.connection
      .persist('file.stat', { path: this.path, hash: true })
      .catch(absentWhenMissing);
    return found === 'absent' ? 'absent' : (found.sha256 ?? undefined);
  }

  async #unsaved(): Promise<JournalEntry | undefined> {
    if (!this.#journalled) return undefined;
    const { journal, sessionId } = this.#context;
    return (await journal.list(sessionId)).find((entry) => entry.path === this.path);
  }

  #patch(change: Partial<DocumentState>): void {
    this.#state.update((state) => ({ ...state, ...change }));
  }
}

const gone: Problem = {
  code: 'not_found',
  title: 'There is no such file',
  status: 404,
  detail: 'The file is no longer there. It may have been renamed or deleted.',
};

function absentWhenMissing(error: unknown): 'absent' {
  if (isCoditectError(error, 'not_found')) return 'absent';
  throw error;
}
