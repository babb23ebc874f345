import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CoditectError } from '../../lib/contracts/errors.ts';
import type { SessionId, UserId, WorkspaceId } from '../../lib/contracts/ids.ts';
import { limits } from '../../lib/contracts/limits.ts';
import { keyspace } from '../store/keyspace.ts';
import { addressAttemptsMax } from './accounts.ts';
import { openWorld, password, type World } from './testing/world.ts';

let world: World;
beforeEach(async () => {
  world = await openWorld();
});
afterEach(() => world.close());

const codesOf = (settled: PromiseSettledResult<unknown>[]) =>
  settled.flatMap((one) =>
    one.status === 'rejected' ? [one.reason instanceof CoditectError ? one.reason.code : 'other'] : [],
  );
const actionsOf = async (tenantId: Parameters<typeof keyspace.audit.range>[0]) =>
  (await world.store.transact((tx) => keyspace.audit.list(tx, keyspace.audit.range(tenantId)))).map(
    ({ action }) => action,
  );

describe('registration', () => {
  it('makes user, tenant, licence, workspace, session and login at once', async () => {
    const { user, workspace, session, caller, expiresAt } = await world.signUp('ada@example.com');
    expect(user).toMatchObject({ email: 'ada@example.com', role: 'owner', operator: true });
    expect(user).not.toHaveProperty('passwordHash');
    expect(workspace).toMatchObject({ status: 'pending', userId: user.userId, stages: [{ name: 'requested' }] });
    expect(session).toMatchObject({ workspaceId: workspace.workspaceId, status: 'active', name: 'First session' });
    expect(expiresAt).toBe(world.clock.now() + limits.loginMsMax);
    expect(await world.accounts.me(caller)).toEqual(user);
    const kept = await world.store.transact(async (tx) => [
      await keyspace.tenant.get(tx, user.tenantId),
      (await keyspace.license.list(tx, keyspace.license.range(user.tenantId)))[0]?.plan,
    ]);
    expect(kept).toMatchObject([{ tenantId: user.tenantId }, 'community']);
    expect(await actionsOf(user.tenantId)).toEqual(['user.registered']);
  });

  it('gives an address to exactly one of twenty at once, and makes exactly one operator', async () => {
    const register = (email: string) =>
      world.accounts.register({ email, password, name: 'Ada' }, world.peer()).then(({ user }) => user);
    const same = await Promise.allSettled(Array.from({ length: 20 }, () => register('one@example.com')));
    expect(codesOf(same)).toEqual(Array.from({ length: 19 }, () => 'conflict'));
    const fresh = await openWorld();
    const users = await Promise.all(
      Array.from({ length: 20 }, (_, index) =>
        fresh.accounts.register({ email: `${index}@example.com`, password, name: 'Ada' }, fresh.peer()),
      ),
    );
    expect(users.filter(({ user }) => user.operator)).toHaveLength(1);
    await fresh.close();
  });

  it('names the field of an address that is taken', async () => {
    const { email } = await world.signUp();
    await expect(world.signUp(email)).rejects.toMatchObject({ code: 'conflict', details: { field: 'email' } });
  });

  it('asks the first account, and only it, for the set-up code', async () => {
    const guarded = await openWorld({ setupCode: 'abcdefgh' });
    const register = (email: string, setupCode?: string) =>
      guarded.accounts.register(
        { email, password, name: 'Ada', ...(setupCode === undefined ? {} : { setupCode }) },
        guarded.peer(),
      );
    expect(await guarded.accounts.setupCodeNeeded()).toBe(true);
    for (const wrong of [undefined, '', 'abcdefgx', 'abcdefghi'])
      await expect(register('a@example.com', wrong)).rejects.toMatchObject({
        code: 'forbidden',
        details: { field: 'setupCode' },
      });
    expect((await register('a@example.com', 'abcdefgh')).user.operator).toBe(true);
    expect(await guarded.accounts.setupCodeNeeded()).toBe(false);
    expect((await register('b@example.com')).user.operator).toBe(false);
    await guarded.close();
  });

  it('is throttled by address', async () => {
    const { email } = await world.signUp();
    const peer = { address: '192.0.2.1', userAgent: 'test' };
    const again = () => world.accounts.register({ email, password, name: 'Ada' }, peer);
    const inFlightMax = limits.passwordHashesQueuedMax;
    for (let done = 0; done < addressAttemptsMax; done += inFlightMax)
      await Promise.allSettled(Array.from({ length: Math.min(inFlightMax, addressAttemptsMax - done) }, again));
    await expect(again()).rejects.toMatchObject({ code: 'rate_limited' });
  });
});

describe('signing in', () => {
  it('answers alike for an unknown address and a wrong password', async () => {
    const { email, user } = await world.signUp();
    const refused = (address: string) =>
      world.accounts.login({ email: address, password: 'not the right one' }, world.peer()).catch((error) => error);
    const [unknown, wrong] = [await refused('nobody@example.com'), await refused(email)];
    expect(unknown).toMatchObject({ code: 'unauthenticated' });
    expect(wrong.toProblem()).toEqual(unknown.toProblem());
    expect(await actionsOf(user.tenantId)).toEqual(expect.arrayContaining(['user.registered', 'login.refused']));
  });

  it('gives a login of its own each time; ending one leaves the other', async () => {
    const { email, caller } = await world.signUp();
    const { token } = await world.accounts.login({ email, password }, world.peer());
    const second = await world.accounts.authenticate(token);
    expect(second.loginId).not.toBe(caller.loginId);
    await world.accounts.logout(second, world.peer());
    await expect(world.accounts.authenticate(token)).rejects.toMatchObject({ code: 'unauthenticated' });
    expect(await world.accounts.me(caller)).toMatchObject({ email });
    // Ending it twice is harmless and stands in the audit once.
    await world.accounts.logout(second, world.peer());
    expect((await actionsOf(caller.tenantId)).filter((action) => action === 'login.ended')).toHaveLength(1);
  });

  it('is refused after too many tries, the right password too, until the window has passed', async () => {
    const { email } = await world.signUp();
    const from = { address: '192.0.2.7', userAgent: 'test' };
    const wrong = () => world.accounts.login({ email, password: 'wrong wrong wrong' }, from);
    const tries = await Promise.allSettled(Array.from({ length: limits.signInAttemptsMax + 5 }, wrong));
    expect(codesOf(tries).filter((code) => code === 'rate_limited')).toHaveLength(5);
    const blocked = await world.accounts.login({ email, password }, from).catch((error) => error);
    expect(blocked).toMatchObject({ code: 'rate_limited', details: { retryAfterMs: limits.signInWindowMs } });
    // Someone else's tries lock nobody out.
    await world.accounts.login({ email, password }, world.peer());
    await world.clock.advance(limits.signInWindowMs);
    await world.accounts.login({ email, password }, from);
  });

  it('forgets the failures of an account after a success', async () => {
    const { email } = await world.signUp();
    const from = { address: '192.0.2.8', userAgent: 'test' };
    for (let round = 0; round < 3; round += 1) {
      for (let failure = 0; failure < limits.signInAttemptsMax - 1; failure += 1)
        await world.accounts.login({ email, password: 'wrong wrong wrong' }, from).catch(() => undefined);
      await world.accounts.login({ email, password }, from);
    }
  });

  it('keeps loginsPerUserMax logins; the oldest ends, everywhere', async () => {
    const { email, token, caller } = await world.signUp();
    const ended: string[] = [];
    world.revocations.revoked.on((loginId) => ended.push(loginId));
    for (let count = 1; count < limits.loginsPerUserMax; count += 1) {
      await world.clock.advance(1);
      await world.accounts.login({ email, password }, world.peer());
    }
    await world.accounts.authenticate(token);
    await world.clock.advance(1);
    await world.accounts.login({ email, password }, world.peer());
    await expect(world.accounts.authenticate(token)).rejects.toMatchObject({ code: 'unauthenticated' });
    await expect.poll(() => ended).toEqual([caller.loginId]);
  });
});

describe('a login', () => {
  it('ends by itself, and a renewed token with it', async () => {
    const { token, caller, expiresAt } = await world.signUp();
    world.clock.jump(limits.loginMsMax - 1_000);
    const renewed = await world.accounts.renew(token);
    expect(renewed.expiresAt).toBe(expiresAt);
    expect(await world.accounts.authenticate(renewed.token)).toEqual(caller);
    world.clock.jump(1_000);
    for (const one of [token, renewed.token])
      await expect(world.accounts.authenticate(one)).rejects.toMatchObject({ code: 'unauthenticated' });
    await expect(world.accounts.renew(token)).rejects.toMatchObject({ code: 'unauthenticated' });
  });

  it('ends whatever its token says', async () => {
    const { caller } = await world.signUp();
    const { userId, tenantId, loginId } = caller;
    const claims = { type: 'access', userId, tenantId, loginId } as const;
    const token = await world.tokens.sign(claims, world.clock.now() + 2 * limits.loginMsMax);
    expect(await world.accounts.authenticate(token)).toEqual(caller);
    world.clock.jump(limits.loginMsMax);
    await expect(world.accounts.authenticate(token)).rejects.toMatchObject({ code: 'unauthenticated' });
  });

  it('cuts off what a peer says of itself', async () => {
    const { email } = await world.signUp();
    const { token } = await world.accounts.login(
      { email, password },
      { address: '192.0.2.9', userAgent: 'x'.repeat(1e4) },
    );
    const { tenantId, userId, loginId } = await world.accounts.authenticate(token);
    const login = await world.store.transact((tx) => keyspace.login.get(tx, tenantId, userId, loginId));
    expect(login?.userAgent).toHaveLength(300);
  });
});

describe('another tenant’s', () => {
  it('things are not there', async () => {
    const mine = await world.signUp();
    const theirs = await world.signUp();
    const ways = [
      () => world.workspaces.get(mine.caller, theirs.workspace.workspaceId),
      () => world.workspaces.start(mine.caller, theirs.workspace.workspaceId),
      () => world.workspaces.stop(mine.caller, theirs.workspace.workspaceId),
      () => world.sessions.get(mine.caller, theirs.session.sessionId),
      () => world.trail.read(mine.caller, theirs.workspace.workspaceId, { order: 'newest', limit: 1 }),
      () => world.workspaces.get(mine.caller, 'nosuch' as WorkspaceId),
      () => world.sessions.get(mine.caller, 'nosuch' as SessionId),
      () => world.workspaces.get({ ...mine.caller, userId: 'nosuch' as UserId }, mine.workspace.workspaceId),
    ];
    for (const way of ways) await expect(way()).rejects.toMatchObject({ code: 'not_found' });
  });
});
