/** An ordered key-value store in FoundationDB's model; every driver gives exactly this. See `contract-suite.ts`. */
export type Key = Uint8Array;

export interface KeyValue {
  key: Key;
  value: Uint8Array;
}

/** All keys `begin ≤ key < end`, in byte order. */
export interface KeyRange {
  begin: Key;
  end: Key;
}

export interface RangeOptions {
  /** At most this many pairs; everything when absent. */
  limit?: number;
  /** Greatest key first. */
  reverse?: boolean;
}

/** One try of a transaction. Reads see its own writes; nothing is visible to others before the commit. */
export interface Transaction {
  get(key: Key): Promise<Uint8Array | undefined>;
  getRange(range: KeyRange, options?: RangeOptions): Promise<KeyValue[]>;
  /** @throws CoditectError `too_large` when key or value exceeds `limits.storeKeyBytesMax` / `storeValueBytesMax`. */
  set(key: Key, value: Uint8Array): void;
  clear(key: Key): void;
  clearRange(range: KeyRange): void;
}

export interface Store {
  /**
   * Runs `body` in a serialisable transaction and commits it durably. On a conflict `body` runs again, so ids and slow
   * work stay outside it; after an unknown commit it may run again although the first run was applied, so a body that
   * is not idempotent by nature writes an idempotency key. What `body` throws aborts the transaction and comes out.
   * @throws CoditectError `too_large` for a transaction over `limits.storeTransactionBytesMax`; `conflict` after
   * `limits.storeRetriesMax` tries; `storage_full` when the disk is.
   */
  transact<T>(body: (transaction: Transaction) => Promise<T>): Promise<T>;
  /**
   * Resolves once the stored value differs from `known`, checked in the transaction that sets the watch. It may wake
   * for nothing: read again. Rejects with the signal's reason when aborted.
   */
  watch(seen: { key: Key; known: Uint8Array | undefined }, signal: AbortSignal): Promise<void>;
  /** Ends watches, waits for transactions under way, frees everything. Closing twice is harmless. */
  close(): Promise<void>;
}
