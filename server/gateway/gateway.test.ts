import { hash } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { newId, systemRandom } from '../../lib/base/random.ts';
import type { OpId, SpoolId, TerminalId } from '../../lib/contracts/ids.ts';
import { limits } from '../../lib/contracts/limits.ts';
import { wirePath } from '../../lib/contracts/path.ts';
import type { Session, Terminal } from '../../lib/contracts/records.ts';
import type { ObservedEntry, TrailEntry, TrailPage } from '../../lib/contracts/trail.ts';
import { call, next, openHarness } from './gateway-harness.ts';

let harness: Awaited<ReturnType<typeof openHarness>>;
beforeEach(async () => {
  harness = await openHarness();
});
afterEach(() => harness.close());

const observed = (fields: Partial<ObservedEntry>): ObservedEntry => ({
  kind: 'created',
  type: 'file',
  path: wirePath.parse('a.txt'),
  previousPath: null,
  mode: 0o644,
  linkTarget: null,
  size: 1,
  sha256: 'a'.repeat(64),
  unhashed: null,
  coalesced: 0,
  reason: null,
  rules: null,
  observedAt: Date.now(),
  ...fields,
});

async function signedUp() {
  const { token, session, workspace, user } = await harness.register();
  const ref = { tenantId: user.tenantId, workspaceId: workspace.workspaceId };
  const browser = harness.browser(token);
  await next(browser, 'welcome');
  return { token, session, workspace, user, ref, browser };
}

async function withHost(ref: Awaited<ReturnType<typeof signedUp>>['ref']) {
  const host = await harness.workspace(ref, 'host');
  await next(host, 'connect');
  await call(host, 'host.hello', { version: '1', startedAt: 1, terminals: [] });
  return host;
}

describe('a browser', () => {
  it('is welcomed, attaches to its session and sees its workspace', async () => {
    const { browser, session, workspace } = await signedUp();
    const attached = await call<{ session: Session; workspace: { workspaceId: string } }>(browser, 'session.attach', {
      sessionId: session.sessionId,
    });
    expect(attached.session.websocketConnected).toBe(true);
    expect(attached.workspace.workspaceId).toBe(workspace.workspaceId);
  });

  it('gets nowhere without a token, with a false one, or as another site’s page', async () => {
    const { token } = await signedUp();
    expect(await next<Error>(harness.browser(undefined), 'connect_error')).toMatchObject({
      data: { code: 'unauthenticated' },
    });
    expect(await next<Error>(harness.browser(`${token}x`), 'connect_error')).toMatchObject({
      data: { code: 'unauthenticated' },
    });
    const foreign = harness.browser(undefined, { origin: 'https://evil.example', cookie: `coditect-session=${token}` });
    expect(await next<Error>(foreign, 'connect_error')).not.toHaveProperty('data.code');
    const noOrigin = harness.browser(undefined, { cookie: `coditect-session=${token}` });
    expect(await next<Error>(noOrigin, 'connect_error')).toMatchObject({ data: { code: 'unauthenticated' } });
    const own = harness.browser(undefined, { origin: harness.browserUrl, cookie: `coditect-session=${token}` });
    await next(own, 'welcome');
  });

  it('finds another’s session not there, and nothing works before attaching', async () => {
    const mine = await signedUp();
    const theirs = await signedUp();
    await expect(call(mine.browser, 'session.attach', { sessionId: theirs.session.sessionId })).rejects.toMatchObject({
      code: 'not_found',
    });
    await expect(call(mine.browser, 'file.list', { path: '' })).rejects.toMatchObject({ code: 'conflict' });
  });

  it('is cut off when its login ends elsewhere', async () => {
    const { browser, token } = await signedUp();
    const ended = next(browser, 'login.ended');
    await harness.accounts.logout(await harness.accounts.authenticate(token), harness.peer);
    expect(await ended).toEqual({ reason: 'revoked' });
    expect(await next<Error>(harness.browser(token), 'connect_error')).toMatchObject({
      data: { code: 'unauthenticated' },
    });
  });
});

describe('a workspace process', () => {
  it('is what its credential says: a host cannot append to the trail', async () => {
    const { ref } = await signedUp();
    const host = await withHost(ref);
    const batch = { spool: newId<SpoolId>(systemRandom), firstSeq: 1, entries: [], drainedAt: null };
    await expect(call(host, 'trail.append', batch)).rejects.toMatchObject({ code: 'invalid_request' });
  });

  it('cannot enter with a browser’s token, nor a browser with its', async () => {
    const { token, ref } = await signedUp();
    const asHost = harness.connect(harness.workspaceUrl, { auth: { protocol: { min: 1, max: 1 }, token } });
    expect(await next<Error>(asHost, 'connect_error')).toMatchObject({ data: { code: 'unauthenticated' } });
    const enrolment = await harness.tokens.sign({ type: 'enrolment', ...ref, role: 'host' }, null);
    expect(await next<Error>(harness.browser(enrolment), 'connect_error')).toMatchObject({
      data: { code: 'unauthenticated' },
    });
  });

  it('is fenced by a newer connection of its role', async () => {
    const { ref } = await signedUp();
    const older = await withHost(ref);
    const gone = next(older, 'disconnect');
    await withHost(ref);
    await gone;
    expect(harness.workspaceSide.connected(ref.workspaceId, 'host')).toBe(true);
  });

  it('is told when it speaks another version', async () => {
    const { ref } = await signedUp();
    const token = await harness.tokens.sign({ type: 'enrolment', ...ref, role: 'host' }, null);
    const future = harness.connect(harness.workspaceUrl, { auth: { protocol: { min: 7, max: 9 }, token } });
    expect(await next<Error>(future, 'connect_error')).toMatchObject({ data: { code: 'protocol_mismatch' } });
  });
});

describe('the trail', () => {
  it('goes from the monitor to the store to the browser, once', async () => {
    const { browser, session, ref } = await signedUp();
    await call(browser, 'session.attach', { sessionId: session.sessionId });
    const monitor = await harness.workspace(ref, 'monitor');
    const spool = newId<SpoolId>(systemRandom);
    expect(await call(monitor, 'monitor.hello', { version: '1', spool })).toEqual({
      seq: 0,
      settings: { ignoreRules: ['node_modules'] },
    });
    const pushed = next<{ entries: TrailEntry[] }>(browser, 'trail.appended');
    const batch = { spool, firstSeq: 1, entries: [observed({})], drainedAt: null };
    expect(await call(monitor, 'trail.append', batch)).toEqual({ seq: 1 });
    expect(await call(monitor, 'trail.append', batch)).toEqual({ seq: 1 });
    expect((await pushed).entries).toMatchObject([
      { seq: 1, kind: 'created', path: 'a.txt', origin: { kind: 'unattributed' } },
    ]);
    const page = await call<TrailPage>(browser, 'trail.read', {});
    expect(page.entries).toHaveLength(1);
    await expect(call(monitor, 'trail.append', { ...batch, firstSeq: 3 })).rejects.toMatchObject({ code: 'conflict' });
  });

  it('says who saved a file', async () => {
    const { browser, session, ref, user } = await signedUp();
    await call(browser, 'session.attach', { sessionId: session.sessionId });
    const host = await withHost(ref);
    host.on('file.write', (_params, answer) =>
      answer({ ok: true, result: { done: true, sha256: 'b'.repeat(64), unchanged: false, writtenAt: Date.now() } }),
    );
    const bytes = new TextEncoder().encode('hello');
    const opId = newId<OpId>(systemRandom);
    await call(browser, 'file.write', { opId, path: 'a.txt', baseHash: 'absent', size: 5, offset: 0, bytes });
    const monitor = await harness.workspace(ref, 'monitor');
    const spool = newId<SpoolId>(systemRandom);
    await call(monitor, 'monitor.hello', { version: '1', spool });
    await call(monitor, 'trail.append', {
      spool,
      firstSeq: 1,
      entries: [observed({ sha256: hash('sha256', bytes) })],
      drainedAt: null,
    });
    const { entries } = await call<TrailPage>(browser, 'trail.read', {});
    expect(entries[0]?.origin).toEqual({ kind: 'editor', userId: user.userId, sessionId: session.sessionId, opId });
  });
});

describe('terminals', () => {
  async function withTerminal() {
    const signed = await signedUp();
    const { browser, session, ref } = signed;
    await call(browser, 'session.attach', { sessionId: session.sessionId });
    const host = await withHost(ref);
    const terminalId = newId<TerminalId>(systemRandom);
    const terminal: Terminal = {
      terminalId,
      sessionId: session.sessionId,
      title: '',
      columns: 80,
      rows: 24,
      startedAt: 1,
      state: { kind: 'running' },
    };
    host.on('terminal.open', (_params, answer) => answer({ ok: true, result: { terminal } }));
    host.on('terminal.attach', (_params, answer) =>
      answer({ ok: true, result: { terminal, restore: { kind: 'output', offset: 0, bytes: Buffer.alloc(0) } } }),
    );
    await call(browser, 'terminal.open', { terminalId, columns: 80, rows: 24 });
    await call(browser, 'terminal.attach', { terminalId, offset: null });
    return { ...signed, host, terminalId, terminal };
  }

  it('carry output to those who show them and credit back', async () => {
    const { browser, host, terminalId } = await withTerminal();
    const data = next<{ offset: number; bytes: Uint8Array }>(browser, 'terminal.data');
    host.emit('terminal.data', { terminalId, offset: 0, bytes: Buffer.from('hi') });
    expect(await data).toMatchObject({ offset: 0, bytes: Buffer.from('hi') });
    const credit = next(host, 'terminal.credit');
    browser.emit('terminal.credit', { terminalId, offset: 2 });
    expect(await credit).toEqual({ terminalId, offset: 2, live: 1 });
  });

  it('carry a thousand small frames that come at once', async () => {
    const { browser, host, terminalId } = await withTerminal();
    let received = 0;
    browser.on('terminal.data', ({ bytes }: { bytes: Uint8Array }) => {
      received += bytes.byteLength;
    });
    for (let offset = 0; offset < 1_000; offset += 1)
      host.emit('terminal.data', { terminalId, offset, bytes: Buffer.from('x') });
    await expect.poll(() => received).toBe(1_000);
  });

  it('leave out a browser that is a window behind, and tell it when it has caught up', async () => {
    const { browser, host, terminalId } = await withTerminal();
    let received = 0;
    browser.on('terminal.data', ({ bytes }: { bytes: Uint8Array }) => {
      received += bytes.byteLength;
    });
    const frame = Buffer.alloc(limits.terminalFrameBytesMax);
    for (let index = 0; index < 40; index += 1)
      host.emit('terminal.data', { terminalId, offset: index * frame.length, bytes: frame });
    await expect.poll(() => received).toBe(limits.terminalWindowBytes + 4 * limits.terminalFrameBytesMax);
    const behind = next(browser, 'terminal.behind');
    browser.emit('terminal.credit', { terminalId, offset: received });
    expect(await behind).toEqual({ terminalId });
  });

  it('that the host will not open leave nothing behind', async () => {
    const { browser, host } = await withTerminal();
    host.off('terminal.open');
    host.on('terminal.open', (_params, answer) =>
      answer({ ok: false, problem: { code: 'conflict', title: '', status: 409, detail: 'no' } }),
    );
    const refused = { terminalId: newId<TerminalId>(systemRandom), columns: 80, rows: 24 };
    await expect(call(browser, 'terminal.open', refused)).rejects.toMatchObject({ code: 'conflict' });
    const { terminals } = await call<{ terminals: Terminal[] }>(browser, 'terminal.list', {});
    expect(terminals).toHaveLength(1);
  });

  it('are another session’s secret', async () => {
    const { terminalId } = await withTerminal();
    const other = await signedUp();
    await call(other.browser, 'session.attach', { sessionId: other.session.sessionId });
    await expect(call(other.browser, 'terminal.attach', { terminalId, offset: null })).rejects.toMatchObject({
      code: 'not_found',
    });
    await expect(
      call(other.browser, 'terminal.input', {
        terminalId,
        clientId: newId(systemRandom),
        seq: 1,
        bytes: Buffer.from('x'),
      }),
    ).rejects.toMatchObject({ code: 'not_found' });
  });

  it('are lost to the person who looks when the workspace stops', async () => {
    const { browser, ref, workspace, token } = await withTerminal();
    const changed = next<{ terminal: Terminal }>(browser, 'terminal.changed');
    await harness.workspaces.stop(await harness.accounts.authenticate(token), workspace.workspaceId);
    await harness.workspaces.observe(ref, (stored) => ({ ...stored, status: 'stopped' }));
    expect((await changed).terminal.state.kind).toBe('lost');
  });

  it('show their last stored screen, marked lost, when their host has forgotten them', async () => {
    const { browser, host, terminalId, terminal, ref } = await withTerminal();
    await call(host, 'terminal.snapshot', {
      terminal,
      sessionId: terminal.sessionId,
      terminalId,
      bytes: Buffer.from('the last screen'),
    });
    host.disconnect();
    const changed = next<{ terminal: Terminal }>(browser, 'terminal.changed');
    const fresh = await withHost(ref);
    fresh.on('terminal.attach', (_params, answer) =>
      answer({ ok: false, problem: { code: 'not_found', title: '', status: 404, detail: '' } }),
    );
    expect((await changed).terminal.state.kind).toBe('lost');
    const { restore } = await call<{ restore: { bytes: Buffer } }>(browser, 'terminal.attach', {
      terminalId,
      offset: null,
    });
    expect(Buffer.from(restore.bytes).toString()).toBe('the last screen');
  });
});
