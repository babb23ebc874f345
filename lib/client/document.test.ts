import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { systemClock } from '../base/clock.ts';
import { Emitter } from '../base/emitter.ts';
import { systemRandom } from '../base/random.ts';
import { CoditectError } from '../contracts/errors.ts';
import { limits } from '../contracts/limits.ts';
import type { WirePath } from '../contracts/path.ts';
import { Documents } from './documents.ts';
import { type Journal, memoryJournal } from './journal.ts';
import { hash, TestFiles, TestGateway, testSession } from './testing/gateway.ts';
import { testEntry } from './testing/trail.ts';
import type { TextBuffer, TextBuffers } from './text-buffer.ts';

const wait = { timeout: 10_000, interval: 5 };
const path = 'notes.md' as WirePath;
const { sessionId } = testSession;
let gateway: TestGateway;
let files: TestFiles;
let journal: Journal;

/** A buffer that is nothing but its text: where Monaco's model stands in the browser. */
class PlainBuffer implements TextBuffer {
  #text: string;
  #version = 1;
  #changed = new Emitter<void>();
  constructor(text: string) {
    this.#text = text;
  }
  text = () => this.#text;
  version = () => this.#version;
  rename = () => {};
  onChange = (listener: () => void) => this.#changed.on(listener);
  replace(text: string): void {
    this.#text = text;
    this.#version += 1;
    this.#changed.emit();
  }
  [Symbol.dispose](): void {}
}
const buffers: TextBuffers = { create: ({ text }) => new PlainBuffer(text) };

function openPage(): Documents {
  const connection = gateway.connect();
  const shared = { clock: systemClock, random: systemRandom };
  return new Documents({ ...shared, connection, journal, sessionId, buffers: async () => buffers });
}
async function opened(documents: Documents) {
  const document = documents.open(path);
  await document.load();
  await vi.waitFor(() => expect(document.state.get().content.kind).toBe('text'), wait);
  return document;
}

beforeEach(async () => {
  gateway = await TestGateway.open();
  files = new TestFiles();
  files.serve(gateway);
  files.put(path, 'first');
  journal = memoryJournal();
});
afterEach(() => gateway.close());

describe('Document', () => {
  it('saves what is typed and is clean afterwards, with an empty journal', async () => {
    const document = await opened(openPage());
    document.buffer?.replace('second');
    expect(document.dirty).toBe(true);
    await document.save();
    expect(files.text(path)).toBe('second');
    expect(document.state.get()).toMatchObject({
      dirty: false,
      save: { kind: 'idle' },
      base: hash(Buffer.from('second')),
    });
    expect(await journal.list(sessionId)).toEqual([]);
  });

  it('carries a file of several frames both ways', async () => {
    const text = 'long line '.repeat(limits.fileFrameBytesMax / 4);
    files.put(path, text);
    const document = await opened(openPage());
    expect(document.buffer?.text()).toBe(text);
    document.buffer?.replace(`${text}end`);
    await document.save();
    expect(files.text(path)).toBe(`${text}end`);
  });

  it('saves under one op when the answer is lost on the way', async () => {
    const document = await opened(openPage());
    document.buffer?.replace('second');
    const write = gateway.handlers['file.write'];
    let lost = false;
    gateway.handlers['file.write'] = (frame) => {
      const answer = write?.(frame);
      if (lost || !answer) return answer ?? Promise.reject(new Error('no handler'));
      lost = true;
      gateway.cut();
      return new Promise(() => {});
    };
    await document.save();
    expect(document.state.get().save).toEqual({ kind: 'idle' });
    expect(new Set(gateway.heardOf('file.write').map(({ opId }) => opId)).size).toBe(1);
    expect(files.writes).toHaveLength(1);
  });

  it('keeps the text and says why when a save fails', async () => {
    const document = await opened(openPage());
    document.buffer?.replace('second');
    gateway.handlers['file.write'] = () => {
      throw new CoditectError('storage_full', 'There is no room left in the workspace.');
    };
    await document.save();
    expect(document.state.get()).toMatchObject({
      dirty: true,
      save: { kind: 'failed', reason: { code: 'storage_full' } },
    });
    expect(document.buffer?.text()).toBe('second');
  });

  it.each(['mine', 'theirs'] as const)('asks on a stale write and then takes %s', async (choice) => {
    const document = await opened(openPage());
    document.buffer?.replace('mine');
    files.put(path, 'theirs');
    await document.save();
    expect(document.state.get()).toMatchObject({ save: { kind: 'stale' }, dirty: true });
    expect(files.text(path)).toBe('theirs');
    const comparison = await document.compare();
    expect(comparison).toMatchObject({ theirs: 'theirs', mine: 'mine' });
    await document.choose(choice, comparison);
    expect(files.text(path)).toBe(choice);
    expect(document.buffer?.text()).toBe(choice);
    expect(document.dirty).toBe(false);
  });

  it('follows the disk when nothing is unsaved, and only says so when something is', async () => {
    const document = await opened(openPage());
    files.put(path, 'by a program');
    await document.diskChanged();
    expect(document.buffer?.text()).toBe('by a program');
    document.buffer?.replace('typed');
    files.put(path, 'again by a program');
    await document.diskChanged();
    expect(document.buffer?.text()).toBe('typed');
    expect(document.state.get().disk).toBe('changed');
  });

  it('tells bytes that are no text, and text that is too large', async () => {
    files.files.set(path, Uint8Array.of(1, 0, 255));
    const documents = openPage();
    const document = documents.open(path);
    await vi.waitFor(() => expect(document.state.get().content).toMatchObject({ kind: 'binary', size: 3 }), wait);
    const large = 'large' as WirePath;
    files.files.set(large, new Uint8Array(limits.editorTextBytesMax + 1));
    const other = documents.open(large);
    await vi.waitFor(() => expect(other.state.get().content.kind).toBe('too_large'), wait);
  });
});

describe('the journal', () => {
  it('brings unsaved text back to a new page, within its delay', async () => {
    const document = await opened(openPage());
    document.buffer?.replace('typed and not saved');
    await vi.waitFor(async () => expect(await journal.list(sessionId)).toHaveLength(1), {
      timeout: limits.journalDelayMs * 4,
      interval: 5,
    });
    const next = openPage();
    await next.restore([]);
    const again = next.find(path);
    await vi.waitFor(() => expect(again?.buffer?.text()).toBe('typed and not saved'), wait);
    expect(again?.state.get()).toMatchObject({ dirty: true, disk: 'same' });
  });

  it('keeps the base it was typed on, so that a disk that moved on is not written over', async () => {
    const base = hash(Buffer.from('first'));
    await journal.put({ sessionId, path, text: 'mine', base, writtenAt: 1 });
    files.put(path, 'theirs');
    const documents = openPage();
    await documents.restore([]);
    const document = documents.find(path);
    await vi.waitFor(() => expect(document?.state.get()).toMatchObject({ dirty: true, disk: 'changed', base }), wait);
    await document?.save();
    expect(document?.state.get().save.kind).toBe('stale');
    expect(files.text(path)).toBe('theirs');
  });

  it('forgets what reached the disk before the page ended', async () => {
    await journal.put({ sessionId, path, text: 'first', base: 'absent', writtenAt: 1 });
    const documents = openPage();
    await documents.restore([]);
    await vi.waitFor(async () => expect(await journal.list(sessionId)).toEqual([]), wait);
    expect(documents.find(path)?.dirty).toBe(false);
  });
});

describe('a tab whose file is renamed', () => {
  const renamed = (to: string) => testEntry({ seq: 1, kind: 'renamed', path: to, previousPath: path });

  it('goes with it, its unsaved text too', async () => {
    const documents = openPage();
    const document = await opened(documents);
    document.buffer?.replace('typed');
    await document.flushJournal();
    files.put('other.md', 'first');
    files.files.delete(path);
    documents.apply([renamed('other.md')]);
    await vi.waitFor(() => expect(document.path).toBe('other.md'), wait);
    expect(document.buffer?.text()).toBe('typed');
    await vi.waitFor(
      async () => expect((await journal.list(sessionId)).map((entry) => entry.path)).toEqual(['other.md']),
      wait,
    );
  });

  it('stays when a program saves by renaming the old file away', async () => {
    const documents = openPage();
    const document = await opened(documents);
    files.put('notes.md~', 'first');
    files.put(path, 'saved by vim');
    documents.apply([renamed('notes.md~')]);
    await vi.waitFor(() => expect(document.buffer?.text()).toBe('saved by vim'), wait);
    expect(document.path).toBe(path);
  });
});
