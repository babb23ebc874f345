import type { SessionId } from '../../lib/contracts/ids.ts';
import type { Presence } from '../services/context.ts';

/** Counts the browsers attached to each session. */
export class SessionPresence implements Presence {
  #counts = new Map<SessionId, number>();

  attached(sessionId: SessionId): boolean {
    return (this.#counts.get(sessionId) ?? 0) > 0;
  }

  enter(sessionId: SessionId): void {
    this.#counts.set(sessionId, (this.#counts.get(sessionId) ?? 0) + 1);
  }

  leave(sessionId: SessionId): void {
    const left = (this.#counts.get(sessionId) ?? 0) - 1;
    if (left > 0) this.#counts.set(sessionId, left);
    else this.#counts.delete(sessionId);
  }
}
