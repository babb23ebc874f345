import type { Key, KeyRange } from './store.ts';

/**
 * A key as text of one character per byte. JavaScript orders such texts as the bytes are ordered, hashes them, and
 * cannot change them, so the drivers hold keys in this form.
 */
export type KeyText = string;

/** All keys `begin ≤ key < end`. */
export interface TextRange {
  begin: KeyText;
  end: KeyText;
}

export function keyText(key: Key): KeyText {
  return Buffer.from(key.buffer, key.byteOffset, key.byteLength).toString('latin1');
}

export function keyBytes(text: KeyText): Key {
  const bytes = new Uint8Array(text.length);
  // Quicker for keys of common length than a Buffer and a copy.
  for (let at = 0; at < text.length; at += 1) bytes[at] = text.charCodeAt(at);
  return bytes;
}

/** The empty key is no key, so a range from there begins at the smallest there is; LMDB knows no other begin. */
export function textRange(range: KeyRange): TextRange {
  return { begin: range.begin.length === 0 ? '\0' : keyText(range.begin), end: keyText(range.end) };
}

export function isInside(range: TextRange, key: KeyText): boolean {
  return range.begin <= key && key < range.end;
}

/** The first position in the sorted `items` whose key is not below `key`. */
export function lowerBound<T>(items: readonly T[], key: KeyText, keyOf: (item: T) => KeyText): number {
  let low = 0;
  let high = items.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const item = items[middle] as T;
    if (keyOf(item) < key) low = middle + 1;
    else high = middle;
  }
  return low;
}
