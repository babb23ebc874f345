import { CoditectError } from '../../lib/contracts/errors.ts';
import { limits } from '../../lib/contracts/limits.ts';
import type { Key, KeyRange } from './store.ts';
import { compareKeys } from './tuple.ts';

/** FoundationDB keeps the keys from here on for itself. */
const reservedFrom = 0xff;

/** @throws CoditectError `too_large` or, for an empty or reserved key, `invalid_request`. */
export function checkKey(key: Key): void {
  if (key.length === 0) throw new CoditectError('invalid_request', 'A key has at least one byte.');
  if (key.length > limits.storeKeyBytesMax) throw keyTooLarge(key.length);
  if (key[0] === reservedFrom) throw new CoditectError('invalid_request', 'Keys that begin with 0xff are reserved.');
}

/**
 * A range may begin with the empty key and end at the reserved ones; its bounds may be a byte longer than a key, as
 * those of a prefix are.
 * @throws CoditectError `too_large`, or `invalid_request` when it ends before it begins or reaches reserved keys.
 */
export function checkRange({ begin, end }: KeyRange): void {
  for (const bound of [begin, end]) {
    if (bound.length > limits.storeKeyBytesMax + 1) throw keyTooLarge(bound.length);
    if (bound[0] === reservedFrom && bound.length > 1) {
      throw new CoditectError('invalid_request', 'A range ends at 0xff at the latest: keys beyond are reserved.');
    }
  }
  if (compareKeys(begin, end) > 0) throw new CoditectError('invalid_request', 'A range ends before it begins.');
}

/** @throws CoditectError `too_large`. */
export function checkValue(value: Uint8Array): void {
  if (value.length <= limits.storeValueBytesMax) return;
  throw new CoditectError(
    'too_large',
    `A value has ${value.length} bytes, ${limits.storeValueBytesMax} are the most. Larger things are chunked.`,
  );
}

function keyTooLarge(length: number): CoditectError {
  return new CoditectError('too_large', `A key has ${length} bytes, ${limits.storeKeyBytesMax} are the most.`);
}
