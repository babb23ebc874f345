import { isInside, type KeyText } from './key-text.ts';
import type { WriteSet } from './write-set.ts';

interface Watch {
  key: KeyText;
  known: Uint8Array | undefined;
  end(error?: unknown): void;
}

/** Those who wait for a key to change. */
export class Watches {
  #byKey = new Map<KeyText, Set<Watch>>();

  /** Resolves at the first {@link wake} that finds another value than `known`. */
  add(key: KeyText, known: Uint8Array | undefined, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const onAbort = () => watch.end(signal.reason);
      const watch: Watch = {
        key,
        known: known?.slice(),
        end: (error) => {
          this.#remove(watch);
          signal.removeEventListener('abort', onAbort);
          if (error === undefined) resolve();
          else reject(error);
        },
      };
      signal.addEventListener('abort', onAbort, { once: true });
      const others = this.#byKey.get(key);
      if (others) others.add(watch);
      else this.#byKey.set(key, new Set([watch]));
    });
  }

  /** Wakes the watches whose value `written` has changed; `read` gives the value that is stored now. */
  wake(written: readonly WriteSet[], read: (key: KeyText) => Uint8Array | undefined): void {
    if (this.#byKey.size === 0) return;
    for (const key of this.#touched(written)) {
      const value = read(key);
      for (const watch of [...(this.#byKey.get(key) ?? [])]) if (!sameValue(value, watch.known)) watch.end();
    }
  }

  /** Rejects all of them with `error`. */
  endAll(error: unknown): void {
    for (const watches of [...this.#byKey.values()]) for (const watch of [...watches]) watch.end(error);
  }

  /** Watches waiting. */
  get size(): number {
    let size = 0;
    for (const watches of this.#byKey.values()) size += watches.size;
    return size;
  }

  #touched(written: readonly WriteSet[]): Set<KeyText> {
    const touched = new Set<KeyText>();
    for (const writes of written) {
      for (const key of writes.keys) if (this.#byKey.has(key)) touched.add(key);
      for (const range of writes.cleared) {
        for (const key of this.#byKey.keys()) if (isInside(range, key)) touched.add(key);
      }
    }
    return touched;
  }

  #remove(watch: Watch): void {
    const others = this.#byKey.get(watch.key);
    others?.delete(watch);
    if (others?.size === 0) this.#byKey.delete(watch.key);
  }
}

export function sameValue(a: Uint8Array | undefined, b: Uint8Array | undefined): boolean {
  return a === undefined || b === undefined ? a === b : Buffer.compare(a, b) === 0;
}
