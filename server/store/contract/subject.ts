import type { ManualClock } from '../../../lib/base/clock.ts';
import type { Key, KeyRange, RangeOptions, Store } from '../store.ts';

/** The store under test, made anew for each test, and what all parts of the suite do with it. */
export interface StoreSubject {
  store(): Store;
  /** Opens the closed store again; false when it does not outlive its closing. */
  reopen(): Promise<boolean>;
  clock(): ManualClock;
  /** Whether bodies run again without a conflict. */
  repeatsBodies: boolean;
  read(key: Key): Promise<string | undefined>;
  write(key: Key, value: string): Promise<void>;
  /** The pairs as `key=value`. */
  list(options?: RangeOptions, range?: KeyRange): Promise<string[]>;
}

export const everyKey: KeyRange = { begin: new Uint8Array(), end: Uint8Array.of(0xff) };

export function bytes(value: string): Uint8Array {
  return new Uint8Array(Buffer.from(value));
}

export function text(value: Uint8Array | undefined): string | undefined {
  return value && Buffer.from(value).toString();
}

/** A place where `count` bodies wait for one another at their first run, so that they overlap. */
export function meeting(count: number): () => Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  let missing = count;
  return () => {
    missing -= 1;
    if (missing === 0) resolve();
    return promise;
  };
}
