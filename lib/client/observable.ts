/** A value that can be read and watched: what a React hook needs, without React. */
export interface Readable<T> {
  get(): T;
  /** Calls `listener` after each change until the result is called. */
  subscribe(listener: () => void): () => void;
}

/** A value with one owner that sets it and many that read it. Setting the same value again tells nobody. */
export class Observable<T> implements Readable<T> {
  #value: T;
  #listeners = new Set<() => void>();

  constructor(value: T) {
    this.#value = value;
  }

  readonly get = (): T => this.#value;

  readonly subscribe = (listener: () => void): (() => void) => {
    const entry = () => listener();
    this.#listeners.add(entry);
    return () => this.#listeners.delete(entry);
  };

  set(value: T): void {
    if (Object.is(value, this.#value)) return;
    this.#value = value;
    for (const listener of [...this.#listeners]) listener();
  }

  update(change: (value: T) => T): void {
    this.set(change(this.#value));
  }
}
