import { timingSafeEqual } from 'node:crypto';
import { newId } from '../../lib/base/random.ts';
import { CoditectError } from '../../lib/contracts/errors.ts';
import type { LicenseId, LoginId, SessionId, TenantId, UserId, WorkspaceId } from '../../lib/contracts/ids.ts';
import { limits } from '../../lib/contracts/limits.ts';
import type { AuditEvent, Login, Registration, User } from '../../lib/contracts/records.ts';
import type { AccountService, Caller, IssuedToken, Peer } from '../../lib/contracts/services/accounts.ts';
import { keyspace, operatorKeyspace, type StoredUser } from '../store/keyspace.ts';
import type { Transaction } from '../store/store.ts';
import { auditEvent, recordAudit } from './audit.ts';
import type { ServiceContext } from './context.ts';
import type { Passwords } from './passwords.ts';
import { revokeLogin } from './revocations.ts';
import type { Sessions } from './sessions.ts';
import { Throttle } from './throttle.ts';
import type { Tokens } from './tokens.ts';
import type { Workspaces } from './workspaces.ts';

interface Dependencies {
  context: ServiceContext;
  tokens: Tokens;
  passwords: Passwords;
  workspaces: Workspaces;
  sessions: Sessions;
  /** Asked of the first account; null on loopback, where whoever is there may become operator. */
  setupCode: string | null;
}

const userAgentLengthMax = 300;
/** Attempts from one address, over all accounts. */
export const addressAttemptsMax = 10 * limits.signInAttemptsMax;

/** Accounts and logins. See {@link AccountService} for the contract of each function. */
export class Accounts implements AccountService {
  #to: Dependencies;
  #byAccount: Throttle;
  #byAddress: Throttle;

  constructor(dependencies: Dependencies) {
    this.#to = dependencies;
    this.#byAccount = new Throttle(dependencies.context.clock);
    this.#byAddress = new Throttle(dependencies.context.clock, addressAttemptsMax);
  }

  /** Whether the next account to register needs the set-up code. */
  async setupCodeNeeded(): Promise<boolean> {
    if (this.#to.setupCode === null) return false;
    const first = await this.#to.context.store.transact((transaction) => operatorKeyspace.firstUser.get(transaction));
    return first === undefined;
  }

  async register(input: Registration, peer: Peer) {
    const { context, passwords, workspaces, sessions } = this.#to;
    this.#admit(this.#byAddress, peer.address);
    const { clock, random } = context;
    const passwordHash = await passwords.hash(input.password);
    const at = clock.now();
    const userId = newId<UserId>(random);
    const tenantId = newId<TenantId>(random);
    const workspaceId = newId<WorkspaceId>(random);
    const sessionId = newId<SessionId>(random);
    const licenseId = newId<LicenseId>(random);
    const login = this.#newLogin(userId, peer);
    const event = auditEvent(random, {
      at,
      action: 'user.registered',
      userId,
      loginId: login.loginId,
      subject: userId,
      address: peer.address,
    });

    const user = await context.store.transact(async (transaction) => {
      // The body may run again after a commit whose outcome was unknown: then the account is this very one.
      const known = await keyspace.user.get(transaction, tenantId, userId);
      if (known) return known;
      const operator = await this.#becomesOperator(transaction, input.setupCode);
      if (await operatorKeyspace.userByEmail.get(transaction, input.email))
        throw new CoditectError('conflict', 'email: an account with this address exists. Sign in instead.', {
          field: 'email',
        });
      const record: StoredUser = {
        userId,
        tenantId,
        email: input.email,
        name: input.name,
        role: 'owner',
        operator,
        createdAt: at,
        passwordHash,
      };
      if (operator) operatorKeyspace.firstUser.set(transaction, { tenantId, userId });
      operatorKeyspace.userByEmail.set(transaction, { tenantId, userId }, input.email);
      keyspace.user.set(transaction, record, tenantId, userId);
      keyspace.tenant.set(transaction, { tenantId, name: input.name, createdAt: at }, tenantId);
      keyspace.license.set(
        transaction,
        { licenseId, tenantId, plan: 'community', workspacesMax: 1, createdAt: at },
        tenantId,
        licenseId,
      );
      keyspace.login.set(transaction, login, tenantId, userId, login.loginId);
      workspaces.create(transaction, { workspaceId, tenantId, userId, at });
      sessions.createFirst(transaction, { sessionId, workspaceId, tenantId, userId, at });
      recordAudit(transaction, tenantId, event);
      return record;
    });
    workspaces.wake(tenantId, workspaceId);
    const caller = { userId, tenantId, loginId: login.loginId, operator: user.operator };
    return {
      ...(await this.#issue(caller, login.expiresAt)),
      user: publicUser(user),
      workspace: await workspaces.get(caller, workspaceId),
      session: await sessions.get(caller, sessionId),
    };
  }

  async login(input: { email: string; password: string }, peer: Peer) {
    const { context, passwords } = this.#to;
    const account = `${input.email} ${peer.address}`;
    this.#admit(this.#byAddress, peer.address);
    this.#admit(this.#byAccount, account);
    const found = await context.store.transact(async (transaction) => {
      const reference = await operatorKeyspace.userByEmail.get(transaction, input.email);
      return reference && keyspace.user.get(transaction, reference.tenantId, reference.userId);
    });
    const matches = await passwords.verify(input.password, found?.passwordHash);
    if (!found || !matches) {
      if (found) await this.#audit(found, { action: 'login.refused', loginId: null, subject: found.userId }, peer);
      throw new CoditectError('unauthenticated', 'The e-mail address or the password is not right.');
    }
    this.#byAccount.clear(account);
    const { userId, tenantId, operator } = found;
    const login = this.#newLogin(userId, peer);
    const event = auditEvent(context.random, {
      at: login.createdAt,
      action: 'login.created',
      userId,
      loginId: login.loginId,
      subject: login.loginId,
      address: peer.address,
    });
    await context.store.transact(async (transaction) => {
      await this.#dropOldestLogins(transaction, found, login);
      keyspace.login.set(transaction, login, tenantId, userId, login.loginId);
      recordAudit(transaction, tenantId, event);
    });
    const issued = await this.#issue({ userId, tenantId, loginId: login.loginId, operator }, login.expiresAt);
    return { ...issued, user: publicUser(found) };
  }

  async authenticate(token: string): Promise<Caller> {
    return (await this.#verified(token)).caller;
  }

  async renew(token: string): Promise<IssuedToken> {
    const { caller, login } = await this.#verified(token);
    return this.#issue(caller, login.expiresAt);
  }

  /** When the login behind a caller ends by itself, in milliseconds; undefined when it has ended. */
  async loginEndsAt(caller: Caller): Promise<number | undefined> {
    const login = await this.#to.context.store.transact((transaction) =>
      keyspace.login.get(transaction, caller.tenantId, caller.userId, caller.loginId),
    );
    return login?.expiresAt;
  }

  async logout(caller: Caller, peer: Peer): Promise<void> {
    const { clock, random, store } = this.#to.context;
    const { tenantId, userId, loginId } = caller;
    const at = clock.now();
    const event = auditEvent(random, {
      at,
      action: 'login.ended',
      userId,
      loginId,
      subject: loginId,
      address: peer.address,
    });
    await store.transact(async (transaction) => {
      if (!(await keyspace.login.get(transaction, tenantId, userId, loginId))) return;
      keyspace.login.clear(transaction, tenantId, userId, loginId);
      await revokeLogin(transaction, loginId, at);
      recordAudit(transaction, tenantId, event);
    });
  }

  async me(caller: Caller): Promise<User> {
    const found = await this.#to.context.store.transact((transaction) =>
      keyspace.user.get(transaction, caller.tenantId, caller.userId),
    );
    if (!found) throw new CoditectError('unauthenticated', 'The account no longer exists.');
    return publicUser(found);
  }

  async #verified(token: string): Promise<{ caller: Caller; login: Login }> {
    const { tokens, context } = this.#to;
    const { userId, tenantId, loginId } = await tokens.verify(token, 'access');
    const { login, user } = await context.store.transact(async (transaction) => ({
      login: await keyspace.login.get(transaction, tenantId, userId, loginId),
      user: await keyspace.user.get(transaction, tenantId, userId),
    }));
    if (!login || !user || login.expiresAt <= context.clock.now())
      throw new CoditectError('unauthenticated', 'This login has ended. Sign in again.');
    return { caller: { userId, tenantId, loginId, operator: user.operator }, login };
  }

  async #becomesOperator(transaction: Transaction, setupCode: string | undefined): Promise<boolean> {
    if (await operatorKeyspace.firstUser.get(transaction)) return false;
    const needed = this.#to.setupCode;
    if (needed === null) return true;
    const given = Buffer.from(setupCode ?? '');
    const expected = Buffer.from(needed);
    if (given.length !== expected.length || !timingSafeEqual(given, expected))
      throw new CoditectError(
        'forbidden',
        'setupCode: the first account needs the set-up code that the server printed when it started.',
        {
          field: 'setupCode',
        },
      );
    return true;
  }

  #admit(throttle: Throttle, key: string): void {
    throttle.check(key);
    throttle.add(key);
  }

  #newLogin(userId: UserId, peer: Peer): Login {
    const { clock, random } = this.#to.context;
    const createdAt = clock.now();
    return {
      loginId: newId<LoginId>(random),
      userId,
      createdAt,
      expiresAt: createdAt + limits.loginMsMax,
      userAgent: peer.userAgent.slice(0, userAgentLengthMax),
      address: peer.address,
    };
  }

  async #issue(caller: Caller, expiresAt: number): Promise<IssuedToken> {
    const { userId, tenantId, loginId } = caller;
    return { token: await this.#to.tokens.sign({ type: 'access', userId, tenantId, loginId }, expiresAt), expiresAt };
  }

  /** Keeps a user's logins below their limit by ending the oldest. */
  async #dropOldestLogins(transaction: Transaction, user: StoredUser, fresh: Login): Promise<void> {
    const range = keyspace.login.range(user.tenantId, user.userId);
    const logins = (await keyspace.login.list(transaction, range)).filter(({ loginId }) => loginId !== fresh.loginId);
    const oldestFirst = logins.sort((a, b) => a.createdAt - b.createdAt);
    for (const { loginId } of oldestFirst.slice(0, Math.max(0, logins.length + 1 - limits.loginsPerUserMax))) {
      keyspace.login.clear(transaction, user.tenantId, user.userId, loginId);
      await revokeLogin(transaction, loginId, fresh.createdAt);
    }
  }

  async #audit(user: StoredUser, act: Pick<AuditEvent, 'action' | 'loginId' | 'subject'>, peer: Peer): Promise<void> {
    const { clock, random, store } = this.#to.context;
    const event = auditEvent(random, { at: clock.now(), userId: user.userId, address: peer.address, ...act });
    await store.transact(async (transaction) => recordAudit(transaction, user.tenantId, event));
  }
}

function publicUser(stored: StoredUser): User {
  const { passwordHash: _, ...shown } = stored;
  return shown;
}
