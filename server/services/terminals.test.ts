import { afterEach, beforeEach, expect, it } from 'vitest';
import { newId, seededRandom } from '../../lib/base/random.ts';
import type { SessionId, TerminalId } from '../../lib/contracts/ids.ts';
import { limits } from '../../lib/contracts/limits.ts';
import type { Terminal } from '../../lib/contracts/records.ts';
import { openWorld, strangers, type World } from './testing/world.ts';

const random = seededRandom(3);
const { place } = strangers(random);
const sessionId = newId<SessionId>(random);
const other = newId<SessionId>(random);

let world: World;
beforeEach(async () => {
  world = await openWorld();
});
afterEach(() => world.close());

let started = 0;
const terminal = (fields: Partial<Terminal> = {}): Terminal => ({
  terminalId: newId<TerminalId>(random),
  sessionId,
  title: '',
  columns: 80,
  rows: 24,
  startedAt: ++started,
  state: { kind: 'running' },
  ...fields,
});
const exited = { kind: 'exited', exitCode: 0, signal: null, at: 5 } as const;

it('are listed by session, oldest first, and another session’s are not there', async () => {
  const [first, second, foreign] = [terminal(), terminal(), terminal({ sessionId: other })];
  for (const one of [second, first, foreign]) await world.terminals.reserve(place, one);
  expect(await world.terminals.list(place, sessionId)).toEqual([first, second]);
  await expect(world.terminals.get(place, { terminalId: foreign.terminalId, sessionId })).rejects.toMatchObject({
    code: 'not_found',
  });
  await expect(world.terminals.reserve(place, { ...foreign, sessionId })).rejects.toMatchObject({ code: 'conflict' });
  expect(await world.terminals.list(strangers(random).place, sessionId)).toEqual([]);
});

it('asked for twice are the same one', async () => {
  const one = terminal();
  expect(await world.terminals.reserve(place, one)).toBeUndefined();
  expect(await world.terminals.reserve(place, { ...one, startedAt: 99 })).toEqual(one);
});

it('may be terminalsMax at once, however many are asked for together; ended ones make room', async () => {
  const asked = await Promise.allSettled(
    Array.from({ length: limits.terminalsMax + 4 }, () => world.terminals.reserve(place, terminal())),
  );
  expect(asked.filter(({ status }) => status === 'rejected')).toHaveLength(4);
  const all = await world.terminals.list(place, sessionId);
  expect(all).toHaveLength(limits.terminalsMax);
  for (const one of all) await world.terminals.update(place, { ...one, state: exited });
  await world.terminals.reserve(place, terminal());
  const left = await world.terminals.list(place, sessionId);
  expect(left).toHaveLength(limits.terminalsMax);
  expect(left).not.toContainEqual(expect.objectContaining({ terminalId: all[0]?.terminalId }));
});

it('follow the host’s word, but do not come back from their end or from being closed', async () => {
  const one = terminal();
  expect(await world.terminals.update(place, one)).toBeUndefined();
  await world.terminals.reserve(place, one);
  expect(await world.terminals.update(place, { ...one, title: 'vim' })).toMatchObject({ title: 'vim' });
  await world.terminals.update(place, { ...one, state: exited });
  expect(await world.terminals.update(place, { ...one, title: 'late' })).toMatchObject({ state: exited });
  expect(await world.terminals.update(place, { ...one, sessionId: other })).toBeUndefined();
  await world.terminals.remove(place, one.terminalId);
  expect(await world.terminals.update(place, { ...one, state: exited })).toBeUndefined();
  expect(await world.terminals.list(place, sessionId)).toEqual([]);
});

it('keep their last screen, whatever its size, whole', async () => {
  const one = terminal();
  await world.terminals.reserve(place, one);
  expect(await world.terminals.screen(place, one.terminalId)).toEqual(Buffer.alloc(0));
  const large = Buffer.from(random.bytes(limits.terminalSnapshotBytesMax));
  await world.terminals.saveScreen(place, { ...one, title: 'htop' }, large);
  expect(Buffer.from(await world.terminals.screen(place, one.terminalId)).equals(large)).toBe(true);
  expect(await world.terminals.get(place, one)).toMatchObject({ title: 'htop' });
  await world.terminals.saveScreen(place, one, Buffer.from('small'));
  expect(Buffer.from(await world.terminals.screen(place, one.terminalId)).toString()).toBe('small');
  await world.terminals.remove(place, one.terminalId);
  expect(await world.terminals.screen(place, one.terminalId)).toEqual(Buffer.alloc(0));
  await world.terminals.saveScreen(place, one, large);
  expect(await world.terminals.screen(place, one.terminalId)).toEqual(Buffer.alloc(0));
});

it('are lost when a host that has come back does not have them, and live again when it has', async () => {
  const [kept, gone, done] = [terminal(), terminal(), terminal()];
  for (const one of [kept, gone, done]) await world.terminals.reserve(place, one);
  await world.terminals.update(place, { ...done, state: exited });
  const lost = { kind: 'lost', at: world.clock.now() };
  const unknown = terminal();
  const changed = await world.terminals.reconcile(place, [{ ...kept, title: 'still here' }, unknown]);
  expect(changed).toHaveLength(2);
  expect(changed).toEqual(
    expect.arrayContaining([
      { ...kept, title: 'still here' },
      { ...gone, state: lost },
    ]),
  );
  expect(await world.terminals.list(place, sessionId)).toMatchObject([
    { title: 'still here', state: { kind: 'running' } },
    { state: lost },
    { state: exited },
  ]);
  // The network was away, not the host.
  await world.terminals.reconcile(place, [gone]);
  expect(await world.terminals.get(place, gone)).toEqual(gone);
});
