import type { OpId } from '../../../lib/contracts/ids.ts';
import { limits } from '../../../lib/contracts/limits.ts';

/** Results of changes by op, so that a change asked for again is made once and answered alike. Failures are forgotten. */
export class Remembered<Result> {
  readonly #results = new Map<OpId, Promise<Result>>();

  get(op: OpId): Promise<Result> | undefined {
    return this.#results.get(op);
  }

  /** Makes the change, or waits for the one that is being or was made. */
  once(op: OpId, change: () => Promise<Result>): Promise<Result> {
    const known = this.#results.get(op);
    if (known) return known;
    const result = change();
    this.#results.set(op, result);
    result.catch(() => this.#results.delete(op));
    const oldest = this.#results.keys().next().value;
    if (this.#results.size > limits.fileOpsRememberedMax && oldest !== undefined) this.#results.delete(oldest);
    return result;
  }
}
