import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { CoditectError } from '../contracts/errors.ts';
import type { WirePath } from '../contracts/path.ts';
import { TestGateway, testSession } from './testing/gateway.ts';

const wait = { timeout: 10_000, interval: 10 };
let gateway: TestGateway;
beforeEach(async () => {
  gateway = await TestGateway.open();
});
afterEach(() => gateway.close());

describe('Connection', () => {
  it('is live once attached, and attaches again after a cut', async () => {
    const connection = gateway.connect();
    const states: string[] = [];
    connection.state.subscribe(() => states.push(connection.state.get().kind));
    await vi.waitFor(() => expect(connection.live).toBe(true), wait);
    gateway.cut();
    await vi.waitFor(() => expect(states).toEqual(['live', 'reconnecting', 'live']), wait);
    expect(gateway.heardOf('session.attach')).toEqual([
      { sessionId: testSession.sessionId },
      { sessionId: testSession.sessionId },
    ]);
  });

  it('sends nothing while it is not live', async () => {
    const connection = gateway.connect();
    await expect(connection.request('terminal.list', {})).rejects.toMatchObject({ code: 'workspace_unavailable' });
    expect(connection.emit('terminal.detach', { terminalId: 'tttt' })).toBe(false);
  });

  it('carries a request over a cut when it may be repeated', async () => {
    let asked = 0;
    gateway.handlers['file.list'] = () => {
      asked += 1;
      if (asked === 1) {
        gateway.cut();
        return new Promise(() => {});
      }
      return { entries: [], next: null };
    };
    const connection = gateway.connect();
    await expect(connection.persist('file.list', { path: '' })).resolves.toEqual({ entries: [], next: null });
    expect(asked).toBe(2);
  });

  it('repeats what may pass and gives back at once what will not', async () => {
    const connection = gateway.connect();
    let asked = 0;
    gateway.handlers['file.list'] = () => {
      asked += 1;
      if (asked < 3) throw new CoditectError('workspace_unavailable', 'Not yet.', { retryAfterMs: 1 });
      throw new CoditectError('forbidden', 'No.');
    };
    await expect(connection.persist('file.list', { path: '' })).rejects.toMatchObject({ code: 'forbidden' });
    expect(asked).toBe(3);
  });

  it('ends when the login does, and does not come back', async () => {
    const connection = gateway.connect();
    await vi.waitFor(() => expect(connection.live).toBe(true), wait);
    gateway.push('login.ended', { reason: 'revoked' });
    await vi.waitFor(() => expect(connection.state.get()).toEqual({ kind: 'ended', reason: 'revoked' }), wait);
    await expect(connection.persist('terminal.list', {})).rejects.toMatchObject({ code: 'workspace_unavailable' });
  });

  it.each([
    ['protocol_mismatch', 'protocol_mismatch'],
    ['unauthenticated', 'expired'],
  ] as const)('takes %s for the end', async (code, reason) => {
    gateway.refuse(new CoditectError(code, 'No.'));
    const connection = gateway.connect();
    await vi.waitFor(() => expect(connection.state.get()).toEqual({ kind: 'ended', reason }), wait);
  });

  it('says when its session is gone', async () => {
    gateway.handlers['session.attach'] = () => {
      throw new CoditectError('not_found', 'Gone.');
    };
    const connection = gateway.connect();
    await vi.waitFor(() => expect(connection.state.get()).toEqual({ kind: 'ended', reason: 'session_gone' }), wait);
  });

  it('drops a push that does not fit its table', async () => {
    const connection = gateway.connect();
    const heard: unknown[] = [];
    connection.on('terminal.closed', (params) => heard.push(params));
    await vi.waitFor(() => expect(connection.live).toBe(true), wait);
    gateway.push('terminal.closed', { terminalId: 'NOT AN ID' });
    gateway.push('terminal.closed', { terminalId: 'tttt' });
    await vi.waitFor(() => expect(heard).toEqual([{ terminalId: 'tttt' }]), wait);
  });

  it('gives bytes as Uint8Array', async () => {
    const connection = gateway.connect();
    gateway.handlers['file.read'] = () => ({
      ...{ bytes: Uint8Array.of(0, 255, 7), size: 3, stamp: 's', sha256: null, mode: 0o644 },
    });
    const answer = await connection.persist('file.read', { path: 'a' as WirePath });
    expect([...answer.bytes]).toEqual([0, 255, 7]);
  });
});
