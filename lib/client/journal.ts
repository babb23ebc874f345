import { type DBSchema, type IDBPDatabase, openDB } from 'idb';
import type { SessionId } from '../contracts/ids.ts';
import type { WirePath } from '../contracts/path.ts';
import type { BaseHash } from '../contracts/protocol/files.ts';

/** Text that was typed and not saved, and the content it is based on. */
export interface JournalEntry {
  sessionId: SessionId;
  path: WirePath;
  text: string;
  base: BaseHash;
  /** Milliseconds since the Unix epoch. */
  writtenAt: number;
}

/** Keeps unsaved text beyond the life of the page. One entry for each session and path. */
export interface Journal {
  list(sessionId: SessionId): Promise<JournalEntry[]>;
  put(entry: JournalEntry): Promise<void>;
  remove(sessionId: SessionId, path: WirePath): Promise<void>;
  /** Moves an entry, in one transaction. */
  rename(sessionId: SessionId, from: WirePath, to: WirePath): Promise<void>;
}

interface Schema extends DBSchema {
  entries: { key: [SessionId, WirePath]; value: JournalEntry; indexes: { session: SessionId } };
}

/** A journal in IndexedDB. @throws DOMException when the browser allows no database. */
export async function openJournal(): Promise<Journal> {
  const database: IDBPDatabase<Schema> = await openDB<Schema>('coditect-journal', 1, {
    upgrade(fresh) {
      fresh.createObjectStore('entries', { keyPath: ['sessionId', 'path'] }).createIndex('session', 'sessionId');
    },
  });
  return {
    list: (sessionId) => database.getAllFromIndex('entries', 'session', sessionId),
    put: async (entry) => void (await database.put('entries', entry)),
    remove: (sessionId, path) => database.delete('entries', [sessionId, path]),
    async rename(sessionId, from, to) {
      const transaction = database.transaction('entries', 'readwrite');
      const entry = await transaction.store.get([sessionId, from]);
      if (entry) {
        await transaction.store.put({ ...entry, path: to });
        await transaction.store.delete([sessionId, from]);
      }
      await transaction.done;
    },
  };
}

/** A journal that ends with the page: where the browser allows none, and in tests. */
export function memoryJournal(): Journal {
  const entries = new Map<string, JournalEntry>();
  const key = (sessionId: SessionId, path: WirePath) => `${sessionId}/${path}`;
  return {
    list: async (sessionId) => [...entries.values()].filter((entry) => entry.sessionId === sessionId),
    put: async (entry) => void entries.set(key(entry.sessionId, entry.path), entry),
    remove: async (sessionId, path) => void entries.delete(key(sessionId, path)),
    async rename(sessionId, from, to) {
      const entry = entries.get(key(sessionId, from));
      if (!entry) return;
      entries.delete(key(sessionId, from));
      entries.set(key(sessionId, to), { ...entry, path: to });
    },
  };
}
