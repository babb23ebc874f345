import { hash } from 'node:crypto';
import { expect, it } from 'vitest';
import { newId, type Random, seededRandom, systemRandom } from '../../lib/base/random.ts';
import type { OpId, SpoolId, TerminalId } from '../../lib/contracts/ids.ts';
import type { Terminal } from '../../lib/contracts/records.ts';
import type { FileScope } from '../../lib/contracts/services/files.ts';
import { chaosStore } from '../store/chaos.ts';
import { openMemoryStore } from '../store/memory.ts';
import type { Store } from '../store/store.ts';
import type { WorkspaceLinks } from './context.ts';
import { observed, path } from './testing/trail.ts';
import { openWorld, password } from './testing/world.ts';

const seed = Number(process.env.CHAOS_SEED ?? Buffer.from(systemRandom.bytes(4)).readUInt32BE());

/** Walks every function of the services that writes. Ids come from `random` and times stand still. */
async function walk(store: Store, random: Random): Promise<void> {
  const world = await openWorld({ store, random });
  const { accounts, sessions, workspaces, terminals, trail, admit, peer, clock } = world;
  const { caller, session, place, email } = await world.signUp('ada@example.com');
  await accounts.login({ email, password: 'wrong wrong wrong' }, peer()).catch(() => undefined);
  const { token } = await accounts.login({ email, password }, peer());
  await accounts.logout(await accounts.authenticate(token), peer());

  const second = await sessions.create(caller, { workspaceId: place.workspaceId, name: 'Second' });
  const files = [{ path: path('a'), position: 0, active: true, baseSha256: null, line: 1, column: 1 }];
  await sessions.change(caller, session.sessionId, { files, layout: '{}', status: 'suspended' });
  await sessions.change(caller, session.sessionId, { status: 'active', name: 'First' });
  await sessions.terminate(caller, second.sessionId);
  await workspaces.stop(caller, place.workspaceId);
  await workspaces.start(caller, place.workspaceId);
  await workspaces.observe(place, (stored) => ({ ...stored, status: 'running' }));

  const connection = await admit(place, 'monitor');
  const links: WorkspaceLinks = {
    request: async () => ({ done: true, sha256: '', unchanged: false, writtenAt: clock.now() }) as never,
    connected: () => true,
    drain() {},
    onChanged: () => ({ [Symbol.dispose]() {} }),
  };
  const scope: FileScope = { workspaceId: place.workspaceId, origin: { kind: 'api', sessionId: null } };
  const bytes = new TextEncoder().encode('hello');
  const write = { opId: newId<OpId>(random), path: path('a'), baseHash: 'any' as const, size: 5, offset: 0, bytes };
  await world.files(links).call(caller, scope, { method: 'file.write', params: write });
  const lost = { ...write, opId: newId<OpId>(random), path: path('b') };
  await world.files(links).call(caller, scope, { method: 'file.write', params: lost });
  const spool = newId<SpoolId>(random);
  const entries = [observed({ path: path('a'), sha256: hash('sha256', bytes) }), observed({ path: path('c') })];
  const append = (firstSeq: number, drainedAt: number | null) =>
    trail.append({ ...place, connection }, { spool, firstSeq, entries, drainedAt });
  await append(1, null);
  await append(2, clock.now() + 1);

  const terminal = (terminalId: TerminalId): Terminal => ({
    ...{ terminalId, sessionId: session.sessionId, title: '', columns: 80, rows: 24, startedAt: 1 },
    state: { kind: 'running' },
  });
  const [kept, closed, gone] = [newId<TerminalId>(random), newId<TerminalId>(random), newId<TerminalId>(random)];
  for (const id of [kept, closed, gone]) await terminals.reserve(place, terminal(id));
  await terminals.update(place, { ...terminal(kept), title: 'vim' });
  await terminals.saveScreen(place, terminal(kept), new Uint8Array(200_000));
  await terminals.remove(place, closed);
  await terminals.reconcile(place, [terminal(kept)]);
  world.revocations[Symbol.dispose]();
}

/** What is stored, but for what no two runs can share: a key and a password’s hash are salted, and numbers may be skipped. */
async function stateOf(store: Store): Promise<string[]> {
  const everything = { begin: new Uint8Array(), end: Uint8Array.of(0xff) };
  const pairs = await store.transact((tx) => tx.getRange(everything));
  return pairs
    .map(({ key, value }) => `${Buffer.from(key).toString('latin1')} = ${Buffer.from(value).toString('utf8')}`)
    .filter((line) => !/signing_key|connection/.test(line))
    .map((line) => line.replace(/\$argon2id[^"]*/, 'a hash'));
}

it(`everything that writes leaves on a store that takes every liberty what it leaves on a calm one (CHAOS_SEED=${seed})`, async () => {
  const calm = openMemoryStore();
  await walk(calm, seededRandom(seed));
  const expected = await stateOf(calm);
  expect(expected.length).toBeGreaterThan(40);
  for (let round = 0; round < 20; round += 1) {
    const inner = openMemoryStore();
    const liberties = { discarded: 0.4, repeated: 0.4, paused: 0.3 };
    await walk(chaosStore(inner, { random: seededRandom(seed + round), ...liberties }), seededRandom(seed));
    expect(await stateOf(inner)).toEqual(expected);
  }
});
