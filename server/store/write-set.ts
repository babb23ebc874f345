import { isInside, type KeyText, lowerBound, type TextRange } from './key-text.ts';

/** What a key becomes: bytes, or nothing. */
export interface KeyWrite {
  key: KeyText;
  value: Uint8Array | undefined;
}

/** The writes of one transaction: ranges cleared first, then single keys, so a set after a clear stands. */
export class WriteSet {
  #values = new Map<KeyText, Uint8Array | undefined>();
  #sorted: KeyText[] | undefined;
  #cleared: TextRange[] = [];

  get isEmpty(): boolean {
    return this.#values.size === 0 && this.#cleared.length === 0;
  }

  /** Disjoint, in order. */
  get cleared(): readonly TextRange[] {
    return this.#cleared;
  }

  /** The keys written one by one, in order. */
  get keys(): readonly KeyText[] {
    this.#sorted ??= [...this.#values.keys()].sort();
    return this.#sorted;
  }

  put(key: KeyText, value: Uint8Array | undefined): void {
    if (!this.#values.has(key)) this.#sorted = undefined;
    this.#values.set(key, value);
  }

  clearRange(range: TextRange): void {
    if (range.begin >= range.end) return;
    for (const key of this.keysInside(range)) this.#values.delete(key);
    this.#sorted = undefined;
    this.#cleared = mergeRange(this.#cleared, range);
  }

  /** What this transaction made of `key`; undefined when it left the key alone. */
  find(key: KeyText): { value: Uint8Array | undefined } | undefined {
    if (this.#values.has(key)) return { value: this.#values.get(key) };
    return this.#cleared.some((range) => isInside(range, key)) ? { value: undefined } : undefined;
  }

  keysInside(range: TextRange): readonly KeyText[] {
    const keys = this.keys;
    return keys.slice(lowerBound(keys, range.begin, same), lowerBound(keys, range.end, same));
  }

  /** The parts of `range` that no cleared range covers, in order. */
  uncleared(range: TextRange): TextRange[] {
    const parts: TextRange[] = [];
    let { begin } = range;
    for (const hole of this.#cleared) {
      if (hole.end <= begin) continue;
      if (hole.begin >= range.end) break;
      if (begin < hole.begin) parts.push({ begin, end: hole.begin });
      begin = hole.end;
    }
    if (begin < range.end) parts.push({ begin, end: range.end });
    return parts;
  }

  *writes(): Iterable<KeyWrite> {
    for (const key of this.keys) yield { key, value: this.#values.get(key) };
  }
}

function same(key: KeyText): KeyText {
  return key;
}

/** `ranges` with `added`, still disjoint and in order. */
function mergeRange(ranges: readonly TextRange[], added: TextRange): TextRange[] {
  const apart = ranges.filter((range) => range.end < added.begin || added.end < range.begin);
  const touching = ranges.filter((range) => !apart.includes(range));
  const bounds = [added, ...touching].flatMap((range) => [range.begin, range.end]).sort();
  const merged = { begin: bounds[0] ?? added.begin, end: bounds.at(-1) ?? added.end };
  return [...apart, merged].sort((a, b) => (a.begin < b.begin ? -1 : 1));
}
