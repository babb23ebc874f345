import type { LoginId, TenantId, UserId } from '../ids.ts';
import type { Credentials, Registration, Session, User, Workspace } from '../records.ts';

/** A verified person: the login was read and is alive. Only {@link AccountService.authenticate} makes one. */
export interface Caller {
  userId: UserId;
  tenantId: TenantId;
  loginId: LoginId;
  operator: boolean;
}

/** Where a request came from, for throttling, the list of logins and the audit. */
export interface Peer {
  address: string;
  userAgent: string;
}

export interface IssuedToken {
  token: string;
  /** Milliseconds since the Unix epoch. */
  expiresAt: number;
}

export interface AccountService {
  /**
   * Makes user, tenant, licence, workspace (asked to run), first session and login in one transaction.
   * @throws CoditectError `conflict` (field `email`) when it is taken; `forbidden` (field `setupCode`) when the first
   * account needs the set-up code; `rate_limited`.
   */
  register(
    input: Registration,
    peer: Peer,
  ): Promise<IssuedToken & { user: User; workspace: Workspace; session: Session }>;
  /** @throws CoditectError `unauthenticated`, alike for an unknown e-mail and a wrong password; `rate_limited`. */
  login(input: Credentials, peer: Peer): Promise<IssuedToken & { user: User }>;
  /**
   * Verifies a token and reads its login record.
   * @throws CoditectError `unauthenticated` when the token is not valid or the login has ended.
   */
  authenticate(token: string): Promise<Caller>;
  /** A new token of the same login. @throws CoditectError `unauthenticated` like {@link authenticate}. */
  renew(token: string): Promise<IssuedToken>;
  /** Ends the login everywhere: sockets close, tokens are refused. Processes go on. */
  logout(caller: Caller, peer: Peer): Promise<void>;
  me(caller: Caller): Promise<User>;
}
