import type { KeyText, TextRange } from './key-text.ts';
import type { WriteSet } from './write-set.ts';

/** One pair of an engine. The value is the receiver's own: it may change it without changing the store. */
export interface Entry {
  key: KeyText;
  value: Uint8Array;
}

/** The committed state at one moment, unchanged by what is committed later. */
export interface Snapshot extends Disposable {
  get(key: KeyText): Uint8Array | undefined;
  /** Lazily, so that a reader who needs ten pairs pays for ten. */
  range(range: TextRange, reverse: boolean): Iterable<Entry>;
}

/** What a driver of one process brings to {@link openOptimisticStore}: snapshots, and writes made durable as a group. */
export interface Engine {
  /** The newest state that is durable. */
  snapshot(): Snapshot;
  /** Waits as long as it pays for more transactions to join the next group. */
  gather(): Promise<void>;
  /**
   * Applies all of `group` in order, or nothing. Resolves once it is durable and new snapshots show it. Only one call
   * at a time.
   * @throws CoditectError `storage_full` when there is no room; the engine stays usable.
   */
  commit(group: readonly WriteSet[]): Promise<void>;
  close(): Promise<void>;
}
