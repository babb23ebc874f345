/** Gathers disposables so that an owner ends all of them at once, last made first. Ending twice is harmless. */
export class Disposables implements Disposable {
  #items: Disposable[] = [];
  #ended = false;

  /** Takes charge of `item`; ends it at once when the owner has ended already. */
  add<T extends Disposable>(item: T): T {
    if (this.#ended) item[Symbol.dispose]();
    else this.#items.push(item);
    return item;
  }

  /** Like {@link add} for a plain function. */
  defer(end: () => void): void {
    this.add(toDisposable(end));
  }

  get ended(): boolean {
    return this.#ended;
  }

  [Symbol.dispose](): void {
    if (this.#ended) return;
    this.#ended = true;
    for (const item of this.#items.splice(0).reverse()) item[Symbol.dispose]();
  }
}

/** Makes a disposable of a function, which runs at most once. */
export function toDisposable(end: () => void): Disposable {
  let ended = false;
  return {
    [Symbol.dispose]() {
      if (ended) return;
      ended = true;
      end();
    },
  };
}
