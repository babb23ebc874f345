import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type Clock, systemClock } from '../lib/base/clock.ts';
import { systemRandom } from '../lib/base/random.ts';
import { CoditectError, type Problem } from '../lib/contracts/errors.ts';
import { hostMethods, hostPushes } from '../lib/contracts/protocol/workspace.ts';
import { type Connection, connect, type Handlers } from './connection.ts';
import { PlayedGateway } from './testing/played-gateway.ts';

const serves = { 'terminal.close': hostMethods['terminal.close'], 'token.renewed': hostMethods['token.renewed'] };
const hello = { version: '1', startedAt: 1, terminals: [] };
/** Real time, with every wait of the back-off cut short. */
const hasty: Clock = { ...systemClock, after: (delayMs, callback) => systemClock.after(delayMs / 20, callback) };

let gateway: PlayedGateway;
let connection: Connection<typeof hostPushes>;
let handlers: Handlers<typeof serves>;
const logs: { msg: string; level: number }[] = [];

beforeEach(async () => {
  gateway = new PlayedGateway();
  await gateway.start();
  handlers = { 'terminal.close': () => ({}) };
  logs.length = 0;
});

afterEach(async () => {
  connection.close();
  await gateway.stop();
});

function dial(clock: Clock = hasty): void {
  connection = connect({
    url: gateway.url,
    enrolment: 'enrolment',
    serves,
    handlers: { 'terminal.close': (params) => handlers['terminal.close'](params) },
    calls: hostPushes,
    clock,
    random: systemRandom,
    logger: pino({ level: 'trace' }, { write: (line: string) => logs.push(JSON.parse(line)) }),
  });
}

const connected = () => vi.waitFor(() => expect(connection.connected && gateway.socket).toBeTruthy(), 5_000);

describe('credentials', () => {
  it('enrols first, then shows the newest workspace token, and enrols again when that is refused', async () => {
    dial();
    await connected();
    expect(gateway.handshakes).toEqual([{ protocol: { min: 1, max: 1 }, token: 'enrolment' }]);
    gateway.emit('token.renewed', { token: 'first', expiresAt: 1 });
    gateway.emit('token.renewed', { token: 'second', expiresAt: 2 });
    await gateway.call('terminal.close', { terminalId: 'a' });
    gateway.refuse = ({ token }) => (token === 'second' ? new CoditectError('unauthenticated', 'Expired') : undefined);
    gateway.socket?.disconnect(true);
    await vi.waitFor(
      () => expect(gateway.handshakes.map(({ token }) => token)).toEqual(['enrolment', 'second', 'enrolment']),
      5_000,
    );
    await connected();
  });

  it('says of another protocol version what it is, and goes on trying slowly', async () => {
    gateway.refuse = () => new CoditectError('protocol_mismatch', 'This gateway speaks 2 to 3.');
    const waits: number[] = [];
    const refusals: (Problem | undefined)[] = [];
    dial({
      ...systemClock,
      after: (delayMs) => {
        waits.push(delayMs);
        return { [Symbol.dispose]: () => {} };
      },
    });
    connection.onRefused((refusal) => refusals.push(refusal));
    await vi.waitFor(() => expect(waits.length).toBe(1), 5_000);
    expect(refusals[0]?.code).toBe('protocol_mismatch');
    expect(logs.find(({ level }) => level === 50)?.msg).toContain('different protocol versions');
  });
});

describe('requests', () => {
  it('come back checked, as a result or as the error that it was', async () => {
    dial();
    await connected();
    expect(await connection.request('host.hello', hello)).toEqual({});
    gateway.answer = () => 'nonsense';
    await expect(connection.request('host.hello', hello)).rejects.toMatchObject({ code: 'invalid_request' });
  });

  it('fail as unavailable when nobody answers, when the connection is cut, and without one', async () => {
    dial();
    await connected();
    gateway.mute = true;
    const unavailable = { code: 'workspace_unavailable' };
    await expect(connection.request('host.hello', hello, { timeoutMs: 50 })).rejects.toMatchObject(unavailable);
    const cut = connection.request('host.hello', hello);
    gateway.socket?.disconnect(true);
    await expect(cut).rejects.toMatchObject(unavailable);
    await gateway.stop();
    await vi.waitFor(() => expect(connection.connected).toBe(false));
    await expect(connection.request('host.hello', hello)).rejects.toMatchObject(unavailable);
    expect(connection.send('terminal.changed', {} as never)).toBe(false);
    await gateway.start();
  });

  it('are served with their form checked, and an unknown error stays inside', async () => {
    dial();
    await connected();
    expect(await gateway.call('terminal.close', { terminalId: 'a' })).toEqual({ ok: true, result: {} });
    const wrong = { ok: false, problem: { code: 'invalid_request', field: 'terminalId' } };
    expect(await gateway.call('terminal.close', { terminalId: 'A!' })).toMatchObject(wrong);
    for (const name of ['terminal.unknown', 'constructor', '__proto__'])
      expect(await gateway.call(name, {})).toMatchObject({
        ok: false,
        problem: { code: 'invalid_request' },
      });
    handlers['terminal.close'] = () => {
      throw new Error('secret');
    };
    const reply = await gateway.call('terminal.close', { terminalId: 'a' });
    expect(reply).toMatchObject({ ok: false, problem: { code: 'internal' } });
    expect(JSON.stringify(reply)).not.toContain('secret');
    expect(logs.some(({ msg, level }) => level === 50 && msg === 'A handler failed')).toBe(true);
  });
});

it('connects again for ever, telling each time, and not after it was closed', async () => {
  dial();
  let times = 0;
  connection.onConnected(() => {
    times += 1;
  });
  for (let count = 1; count <= 3; count += 1) {
    await connected();
    await vi.waitFor(() => expect(times).toBe(count));
    gateway.socket?.disconnect(true);
    await vi.waitFor(() => expect(times).toBe(count + 1), 5_000);
  }
  expect(logs.some(({ msg }) => msg === 'The gateway ended this connection')).toBe(true);
  const before = gateway.handshakes.length;
  connection.close();
  await new Promise((resolve) => systemClock.after(200, () => resolve(undefined)));
  expect(gateway.handshakes.length).toBe(before);
});
