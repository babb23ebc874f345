import { type Clock, systemClock } from '../../lib/base/clock.ts';
import type { Engine, Entry, Snapshot } from './engine.ts';
import { isInside, type KeyText, lowerBound, type TextRange } from './key-text.ts';
import { openOptimisticStore } from './optimistic-store.ts';
import type { Store } from './store.ts';
import type { WriteSet } from './write-set.ts';

/** A store in memory, for tests: everything but durability. */
export function openMemoryStore({ clock = systemClock }: { clock?: Clock } = {}): Store {
  return openOptimisticStore(memoryEngine(), clock);
}

/** A sorted array that is replaced, never changed, so that a snapshot is a reference to it. */
function memoryEngine(): Engine {
  let entries: readonly Entry[] = [];
  return {
    snapshot: () => snapshotOf(entries),
    async gather() {},
    async commit(group) {
      for (const writes of group) entries = applied(entries, writes);
    },
    async close() {
      entries = [];
    },
  };
}

function snapshotOf(entries: readonly Entry[]): Snapshot {
  return {
    get(key) {
      const entry = entries[position(entries, key)];
      return entry?.key === key ? entry.value.slice() : undefined;
    },
    *range({ begin, end }: TextRange, reverse: boolean) {
      const first = position(entries, begin);
      const last = position(entries, end) - 1;
      for (let count = 0; count <= last - first; count += 1) {
        const { key, value } = entries[reverse ? last - count : first + count] as Entry;
        yield { key, value: value.slice() };
      }
    },
    [Symbol.dispose]() {},
  };
}

/** `entries` with `writes` merged in. */
function applied(entries: readonly Entry[], writes: WriteSet): Entry[] {
  const next: Entry[] = [];
  let from = 0;
  const keepUntil = (key: KeyText | undefined) => {
    const to = key === undefined ? entries.length : position(entries, key);
    for (const entry of entries.slice(from, to)) {
      if (!writes.cleared.some((range) => isInside(range, entry.key))) next.push(entry);
    }
    from = to;
  };
  for (const { key, value } of writes.writes()) {
    keepUntil(key);
    if (entries[from]?.key === key) from += 1;
    if (value) next.push({ key, value });
  }
  keepUntil(undefined);
  return next;
}

function position(entries: readonly Entry[], key: KeyText): number {
  return lowerBound(entries, key, (entry) => entry.key);
}
