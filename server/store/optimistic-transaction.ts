import { CoditectError } from '../../lib/contracts/errors.ts';
import { limits } from '../../lib/contracts/limits.ts';
import type { ReadSet } from './commit-log.ts';
import type { Entry, Snapshot } from './engine.ts';
import { type KeyText, keyBytes, keyText, type TextRange, textRange } from './key-text.ts';
import type { Key, KeyRange, KeyValue, RangeOptions, Transaction } from './store.ts';
import { checkKey, checkRange, checkValue } from './store-limits.ts';
import { WriteSet } from './write-set.ts';

/** One try: reads a snapshot through its own writes, and notes what it read of the snapshot. */
export class OptimisticTransaction implements Transaction {
  readonly reads: ReadSet = { keys: new Set(), ranges: [] };
  readonly writes = new WriteSet();
  #snapshot: Snapshot;
  #bytes = 0;
  #ended = false;

  constructor(snapshot: Snapshot) {
    this.#snapshot = snapshot;
  }

  /** Frees the snapshot; every later use is refused. */
  end(): void {
    this.#ended = true;
    this.#snapshot[Symbol.dispose]();
  }

  async get(key: Key): Promise<Uint8Array | undefined> {
    this.#checkOpen();
    checkKey(key);
    const text = keyText(key);
    const own = this.writes.find(text);
    if (own) return own.value?.slice();
    this.reads.keys.add(text);
    return this.#snapshot.get(text);
  }

  async getRange(range: KeyRange, options: RangeOptions = {}): Promise<KeyValue[]> {
    this.#checkOpen();
    checkRange(range);
    const { limit = Number.POSITIVE_INFINITY, reverse = false } = options;
    if (!(limit > 0)) return [];
    const whole = textRange(range);
    if (whole.begin >= whole.end) return [];
    const pairs: KeyValue[] = [];
    for (const { key, value } of this.#merged(whole, reverse)) {
      pairs.push({ key: keyBytes(key), value });
      if (pairs.length >= limit) {
        // What lies beyond the last pair was not looked at, so a write there is no conflict.
        this.reads.ranges.push(reverse ? { begin: key, end: whole.end } : { begin: whole.begin, end: `${key}\0` });
        return pairs;
      }
    }
    this.reads.ranges.push(whole);
    return pairs;
  }

  set(key: Key, value: Uint8Array): void {
    this.#checkOpen();
    checkKey(key);
    checkValue(value);
    this.#count(key.length + value.length);
    this.writes.put(keyText(key), value.slice());
  }

  clear(key: Key): void {
    this.#checkOpen();
    checkKey(key);
    this.#count(key.length);
    this.writes.put(keyText(key), undefined);
  }

  clearRange(range: KeyRange): void {
    this.#checkOpen();
    checkRange(range);
    this.#count(range.begin.length + range.end.length);
    this.writes.clearRange(textRange(range));
  }

  /** The snapshot's pairs with this transaction's writes over them, in order. */
  *#merged(range: TextRange, reverse: boolean): Iterable<Entry> {
    const own = [...this.writes.keysInside(range)];
    if (reverse) own.reverse();
    const precedes = (a: KeyText, b: KeyText) => (reverse ? a > b : a < b);
    let next = 0;
    for (const entry of this.#stored(range, reverse)) {
      for (let key = own[next]; key !== undefined && precedes(key, entry.key); key = own[next]) {
        yield* this.#own(key);
        next += 1;
      }
      if (own[next] === entry.key) {
        yield* this.#own(entry.key);
        next += 1;
      } else {
        yield entry;
      }
    }
    for (; next < own.length; next += 1) yield* this.#own(own[next] as KeyText);
  }

  *#stored(range: TextRange, reverse: boolean): Iterable<Entry> {
    const parts = this.writes.uncleared(range);
    if (reverse) parts.reverse();
    for (const part of parts) yield* this.#snapshot.range(part, reverse);
  }

  *#own(key: KeyText): Iterable<Entry> {
    const value = this.writes.find(key)?.value;
    if (value) yield { key, value: value.slice() };
  }

  #count(bytes: number): void {
    const total = this.#bytes + bytes;
    if (total > limits.storeTransactionBytesMax) {
      throw new CoditectError(
        'too_large',
        `A transaction may write ${limits.storeTransactionBytesMax} bytes of keys and values, this one goes beyond.`,
      );
    }
    this.#bytes = total;
  }

  #checkOpen(): void {
    if (this.#ended) {
      throw new CoditectError(
        'internal',
        'The transaction has ended: it was used after its body returned or its time ran out.',
      );
    }
  }
}
