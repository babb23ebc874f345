import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ManualClock } from '../base/clock.ts';
import { limits } from '../contracts/limits.ts';
import type { Connection } from './connection.ts';
import { SessionSaver } from './session-saver.ts';
import { TestGateway, testSession } from './testing/gateway.ts';

const wait = { timeout: 10_000, interval: 5 };
let gateway: TestGateway;
let connection: Connection;
let clock: ManualClock;
let layout = '';
let saver: SessionSaver;
const stored = () => gateway.heardOf('session.change').map((change) => change.layout);

beforeEach(async () => {
  gateway = await TestGateway.open();
  gateway.handlers['session.change'] = () => ({ session: testSession });
  connection = gateway.connect();
  clock = new ManualClock();
  layout = 'first';
  saver = new SessionSaver({ connection, clock, snapshot: () => ({ layout }) });
  await vi.waitFor(() => expect(connection.live).toBe(true), wait);
});
afterEach(async () => {
  saver[Symbol.dispose]();
  await gateway.close();
});

describe('SessionSaver', () => {
  it('stores once things rest, and not again what is stored', async () => {
    saver.changed();
    await clock.advance(limits.sessionSaveDelayMs - 1);
    layout = 'second';
    saver.changed();
    await clock.advance(limits.sessionSaveDelayMs - 1);
    expect(stored()).toEqual([]);
    await clock.advance(1);
    await vi.waitFor(() => expect(stored()).toEqual(['second']), wait);
    await saver.flush();
    expect(stored()).toEqual(['second']);
  });

  it('stores after a reconnect what it could not store before', async () => {
    gateway.cut();
    await vi.waitFor(() => expect(connection.live).toBe(false), wait);
    layout = 'while away';
    await saver.flush();
    await vi.waitFor(() => expect(connection.live).toBe(true), wait);
    await clock.advance(limits.sessionSaveDelayMs);
    await vi.waitFor(() => expect(stored()).toEqual(['while away']), wait);
  });
});
