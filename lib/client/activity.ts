import { Disposables } from '../base/disposables.ts';
import { limits } from '../contracts/limits.ts';
import type { WirePath } from '../contracts/path.ts';
import type { Origin, TrailEntry } from '../contracts/trail.ts';
import type { Attachment, Connection } from './connection.ts';
import { Observable, type Readable } from './observable.ts';

export interface ActivitySnapshot {
  /** Newest first, without holes from the first to the last. */
  entries: readonly TrailEntry[];
  /** Up to this sequence nothing is missing. */
  completeTo: number;
  /** Where older entries begin; null when the first entry of the trail is here. */
  next: number | null;
  older: 'idle' | 'reading' | 'failed';
  /** Whether a first answer has come. */
  known: boolean;
  /** Origins told later, by the sequence of the entry they speak of. */
  attributed: ReadonlyMap<number, Origin>;
}

const nothingKnown: ActivitySnapshot = {
  entries: [],
  completeTo: 0,
  next: null,
  older: 'idle',
  known: false,
  attributed: new Map(),
};

/** The trail as the activity panel shows it: live at the newest end, read page by page at the other. */
export class Activity implements Disposable {
  readonly #connection: Connection;
  readonly #snapshot = new Observable<ActivitySnapshot>(nothingKnown);
  readonly #ending = new Disposables();
  #catchingUp = false;

  constructor(connection: Connection) {
    this.#connection = connection;
    this.#ending.add(connection.onAttached(({ trail }) => this.#begin(trail)));
    this.#ending.add(connection.on('trail.appended', (push) => this.#appended(push)));
  }

  get snapshot(): Readable<ActivitySnapshot> {
    return this.#snapshot;
  }

  /** Reads the next older page. */
  async readOlder(): Promise<void> {
    const { next, older, entries } = this.#snapshot.get();
    if (next === null || older === 'reading' || entries.length >= limits.activityEntriesMax) return;
    this.#patch({ older: 'reading' });
    try {
      const page = await this.#connection.request('trail.read', { before: next });
      const known = this.#snapshot.get().entries;
      const oldest = known.at(-1)?.seq ?? Number.POSITIVE_INFINITY;
      this.#patch({
        ...this.#with([...known, ...page.entries.filter((entry) => entry.seq < oldest)]),
        next: page.next,
        older: 'idle',
      });
    } catch {
      this.#patch({ older: 'failed' });
    }
  }

  /** All that the trail holds of one path, newest first, as a page. */
  async historyOf(path: WirePath): Promise<TrailEntry[]> {
    const page = await this.#connection.request('trail.read', { path });
    return page.entries;
  }

  [Symbol.dispose](): void {
    this.#ending[Symbol.dispose]();
  }

  /** After an attachment: what came meanwhile is joined on, or, when that is more than a page, stands alone. */
  #begin(trail: Attachment['trail']): void {
    const known = this.#snapshot.get().entries;
    const newest = known[0]?.seq ?? 0;
    const fresh = trail.entries.filter((entry) => entry.seq > newest);
    const joins = known.length > 0 && fresh.length < trail.entries.length;
    if (joins) this.#patch({ ...this.#with([...fresh, ...known]), completeTo: trail.completeTo });
    else this.#patch({ ...this.#with(trail.entries), completeTo: trail.completeTo, next: trail.next, known: true });
  }

  #appended({ entries, completeTo }: { entries: TrailEntry[]; completeTo: number }): void {
    const known = this.#snapshot.get().entries;
    const newest = known[0]?.seq ?? 0;
    const fresh = entries.filter((entry) => entry.seq > newest).sort((a, b) => b.seq - a.seq);
    const oldestFresh = fresh.at(-1);
    if (!oldestFresh) {
      this.#patch({ completeTo });
      return;
    }
    if (oldestFresh.seq > newest + 1) {
      void this.#catchUp();
      return;
    }
    const next = known.length === 0 && newest === 0 ? null : this.#snapshot.get().next;
    this.#patch({ ...this.#with([...fresh, ...known]), completeTo, next, known: true });
  }

  /** Entries were left out of a push: reads from the newest known one on, or begins anew when that is far behind. */
  async #catchUp(): Promise<void> {
    if (this.#catchingUp) return;
    this.#catchingUp = true;
    try {
      for (;;) {
        const known = this.#snapshot.get().entries;
        const after = known[0]?.seq ?? 0;
        const page = await this.#connection.persist('trail.read', {
          after,
          order: 'oldest',
          limit: limits.trailPageEntriesMax,
        });
        const current = this.#snapshot.get().entries;
        const newest = current[0]?.seq ?? 0;
        const fresh = page.entries.filter((entry) => entry.seq > newest).reverse();
        this.#patch({ ...this.#with([...fresh, ...current]), completeTo: page.completeTo, known: true });
        if (page.next === null || page.entries.length === 0) return;
      }
    } catch {
      // The next push or attachment begins again from what is known.
    } finally {
      this.#catchingUp = false;
    }
  }

  /** The snapshot's share that follows from its entries; beyond the limit the oldest are let go and can be read again. */
  #with(all: readonly TrailEntry[]): Pick<ActivitySnapshot, 'entries' | 'attributed'> & { next?: number | null } {
    const entries = all.slice(0, limits.activityEntriesMax);
    const attributed = new Map<number, Origin>();
    for (const entry of entries)
      if (entry.kind === 'attributed' && entry.refersTo !== null && !attributed.has(entry.refersTo))
        attributed.set(entry.refersTo, entry.origin);
    const last = entries.at(-1);
    return all.length > entries.length && last ? { entries, attributed, next: last.seq } : { entries, attributed };
  }

  #patch(change: Partial<ActivitySnapshot>): void {
    this.#snapshot.update((snapshot) => ({ ...snapshot, ...change }));
  }
}
