import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ManualClock } from '../../lib/base/clock.ts';
import { newId, systemRandom } from '../../lib/base/random.ts';
import { limits } from '../../lib/contracts/limits.ts';
import type { Reply } from '../../lib/contracts/protocol/method.ts';
import { call, next, openHarness } from './gateway-harness.ts';

/** A clock that stands still: what is counted by the second is counted exactly. */
let clock: ManualClock;
let harness: Awaited<ReturnType<typeof openHarness>>;
beforeEach(async () => {
  clock = new ManualClock(Date.now());
  harness = await openHarness({ clock });
});
afterEach(() => harness.close());

async function signedUp() {
  const { token, session, workspace, user } = await harness.register();
  return { token, session, ref: { tenantId: user.tenantId, workspaceId: workspace.workspaceId } };
}
async function browserOf(token: string) {
  const browser = harness.browser(token);
  await next(browser, 'welcome');
  return browser;
}
const codesOf = (answers: Reply<unknown>[]) => answers.map((answer) => (answer.ok ? 'ok' : answer.problem.code));

describe('a browser', () => {
  it('may send socketEventsPerSecondMax messages a second, and goes on when the second is over', async () => {
    const { token } = await signedUp();
    const browser = await browserOf(token);
    const beyond = 10;
    const asked = Array.from({ length: limits.socketEventsPerSecondMax + beyond }, () =>
      browser.timeout(20_000).emitWithAck('no.such.method', {}),
    );
    const codes = codesOf(await Promise.all(asked));
    expect(codes.filter((code) => code === 'rate_limited')).toHaveLength(beyond);
    await clock.advance(1_000);
    expect(codesOf([await browser.emitWithAck('no.such.method', {})])).toEqual(['invalid_request']);
  });

  it('may have socketRequestsInFlightMax requests under way', async () => {
    const { token, session, ref } = await signedUp();
    const browser = await browserOf(token);
    await call(browser, 'session.attach', { sessionId: session.sessionId });
    const host = await harness.workspace(ref, 'host');
    await call(host, 'host.hello', { version: '1', startedAt: 1, terminals: [] });
    const held: ((answer: unknown) => void)[] = [];
    host.on('file.list', (_params, answer) => held.push(answer));
    const asked = Array.from({ length: limits.socketRequestsInFlightMax + 3 }, () =>
      browser.timeout(20_000).emitWithAck('file.list', { path: '' }),
    );
    await expect.poll(() => held.length).toBe(limits.socketRequestsInFlightMax);
    const refused = await Promise.all(asked.slice(-3));
    expect(codesOf(refused)).toEqual(['rate_limited', 'rate_limited', 'rate_limited']);
    for (const answer of held) answer({ ok: true, result: { entries: [], next: null } });
    expect(new Set(codesOf(await Promise.all(asked.slice(0, -3))))).toEqual(new Set(['ok']));
  });

  it('of one person may be there browserConnectionsPerUserMax times', async () => {
    const { token } = await signedUp();
    const browsers = await Promise.all(
      Array.from({ length: limits.browserConnectionsPerUserMax }, () => browserOf(token)),
    );
    expect(await next(harness.browser(token), 'connect_error')).toMatchObject({ data: { code: 'rate_limited' } });
    browsers[0]?.disconnect();
    await expect.poll(() => harness.gateway.browserSide.counts().browsers).toBe(browsers.length - 1);
    await browserOf(token);
    await browserOf((await signedUp()).token);
  });

  it('may send frames of socketFrameBytesMax; a greater one ends its connection alone', async () => {
    const { token } = await signedUp();
    const [browser, other] = [await browserOf(token), await browserOf(token)];
    const fits = 'x'.repeat(limits.socketFrameBytesMax - 1_000);
    expect(codesOf([await browser.emitWithAck('no.such.method', fits)])).toEqual(['invalid_request']);
    browser.emit('no.such.method', `${fits}${fits}`);
    await next(browser, 'disconnect');
    expect(codesOf([await other.emitWithAck('no.such.method', {})])).toEqual(['invalid_request']);
  });

  it('is told when its login ends by itself', async () => {
    const { token } = await signedUp();
    const browser = await browserOf(token);
    const ended = next(browser, 'login.ended');
    clock.jump(limits.loginMsMax);
    expect(codesOf([await browser.emitWithAck('terminal.list', {})])).toEqual(['unauthenticated']);
    await clock.advance(15_000);
    expect(await ended).toEqual({ reason: 'expired' });
  });
});

describe('a workspace process', () => {
  it('gets a fresh token at half of the life of the last, as long as it is connected', async () => {
    const { ref } = await signedUp();
    const monitor = await harness.workspace(ref, 'monitor');
    type Renewed = { token: string; expiresAt: number };
    const first = await next<Renewed>(monitor, 'token.renewed');
    expect(first.expiresAt).toBe(clock.now() + limits.workspaceTokenMsMax);
    for (let round = 0; round < 3; round += 1) {
      const renewed = next<Renewed>(monitor, 'token.renewed');
      await clock.advance(limits.workspaceTokenMsMax / 2);
      const { token } = await renewed;
      expect(await harness.tokens.verify(token, 'workspace')).toMatchObject({ ...ref, role: 'monitor' });
    }
    await expect(harness.tokens.verify(first.token, 'workspace')).rejects.toMatchObject({ code: 'unauthenticated' });
  });

  it('that goes while it is asked leaves nobody waiting, nor one that is not there', async () => {
    const { ref } = await signedUp();
    const ask = () => harness.workspaceSide.request(ref.workspaceId, 'file.stat', { path: '' });
    await expect(ask()).rejects.toMatchObject({ code: 'workspace_unavailable' });
    const host = await harness.workspace(ref, 'host');
    await call(host, 'host.hello', { version: '1', startedAt: 1, terminals: [] });
    const asked = next(host, 'file.stat');
    const waiting = expect(ask()).rejects.toMatchObject({ code: 'workspace_unavailable' });
    await asked;
    host.disconnect();
    await waiting;
  });

  it('reaches the browsers of its own workspace alone, whatever session it names', async () => {
    const [mine, theirs] = [await signedUp(), await signedUp()];
    const browser = await browserOf(theirs.token);
    await call(browser, 'session.attach', { sessionId: theirs.session.sessionId });
    const heard: string[] = [];
    browser.onAny((name) => heard.push(name));
    const host = await harness.workspace(mine.ref, 'host');
    const terminal = {
      ...{ terminalId: newId(systemRandom), sessionId: theirs.session.sessionId, title: 'boo', columns: 80, rows: 24 },
      ...{ startedAt: 1, state: { kind: 'running' } },
    };
    await call(host, 'host.hello', { version: '1', startedAt: 1, terminals: [terminal] });
    host.emit('terminal.changed', { terminal });
    host.emit('terminal.data', { terminalId: terminal.terminalId, offset: 0, bytes: Buffer.from('boo') });
    await call(host, 'terminal.snapshot', { ...terminal, terminal, bytes: Buffer.from('boo') });
    expect(await call(browser, 'terminal.list', {})).toEqual({ terminals: [] });
    expect(heard).toEqual([]);
  });
});
