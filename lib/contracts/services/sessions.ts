import type { SessionId, WorkspaceId } from '../ids.ts';
import type { Session, SessionChange } from '../records.ts';
import type { Caller } from './accounts.ts';

/** Every function answers `not_found` for another's session as for none. */
export interface SessionService {
  /** The caller's sessions that are not terminated, oldest first. */
  list(caller: Caller): Promise<Session[]>;
  /** @throws CoditectError `conflict` beyond `limits.sessionsPerUserMax`. */
  create(caller: Caller, input: { workspaceId: WorkspaceId; name: string }): Promise<Session>;
  get(caller: Caller, sessionId: SessionId): Promise<Session>;
  /** Name, open files, layout; `status` suspends or resumes. */
  change(caller: Caller, sessionId: SessionId, change: SessionChange): Promise<Session>;
  /** Terminates it: terminals end, the record stays for the audit. */
  terminate(caller: Caller, sessionId: SessionId): Promise<void>;
  /** Hears of every change of a session, of all tenants: for the gateway, not for pages. */
  onChanged(listener: (session: Session) => void): Disposable;
}
