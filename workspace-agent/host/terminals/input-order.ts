import type { ClientId } from '../../../lib/contracts/ids.ts';
import { limits } from '../../../lib/contracts/limits.ts';

/**
 * Remembers for each browser the last piece of input that was written, so that a piece sent again is written once and
 * one that came before its turn is not written at all.
 */
export class InputOrder {
  /** In order of last use: the first is forgotten when there are too many. */
  readonly #last = new Map<ClientId, number>();

  /** The last sequence written for `client`, 0 for none. */
  last(client: ClientId): number {
    return this.#last.get(client) ?? 0;
  }

  /** Whether the piece numbered `seq` is the one to write now. */
  isNext(client: ClientId, seq: number): boolean {
    return seq === this.last(client) + 1;
  }

  written(client: ClientId, seq: number): void {
    this.#last.delete(client);
    this.#last.set(client, seq);
    const oldest = this.#last.keys().next().value;
    if (this.#last.size > limits.terminalClientsMax && oldest !== undefined) this.#last.delete(oldest);
  }
}
