import { toDisposable } from './disposables.ts';

/** One kind of event, many listeners. All of them hear it, then the first thing thrown reaches the emitter's caller. */
export class Emitter<T> {
  #listeners = new Set<(event: T) => void>();

  /** Calls `listener` for each event until the result is disposed. */
  on(listener: (event: T) => void): Disposable {
    // A wrapper of its own, so that one function subscribed twice is called twice.
    const entry = (event: T) => listener(event);
    this.#listeners.add(entry);
    return toDisposable(() => this.#listeners.delete(entry));
  }

  emit(event: T): void {
    const failures: unknown[] = [];
    for (const listener of [...this.#listeners]) {
      try {
        listener(event);
      } catch (error) {
        failures.push(error);
      }
    }
    if (failures.length > 0) throw failures[0];
  }

  get listenerCount(): number {
    return this.#listeners.size;
  }
}
