import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { limits } from '../../../lib/contracts/limits.ts';
import type { TrailEntry } from '../../../lib/contracts/trail.ts';
import type { StoredOp } from '../../store/keyspace.ts';
import type { Store } from '../../store/store.ts';
import { type OpenTrail, observed, openTrail, path, seed, sha, stores } from '../testing/trail.ts';
import { openOps } from './ops.ts';
import { verifyTrail } from './verify.ts';

describe.each(Object.entries(stores))(`ops on ${'%s'} (TRAIL_SEED=${seed})`, (name, make) => {
  let opened: { store: Store; end(): Promise<void> };
  let trail: OpenTrail;
  beforeEach(async () => {
    opened = await make();
    trail = await openTrail(opened.store);
  });
  afterEach(async () => {
    await trail.close();
    await opened.end();
  });

  const originOf = (op: StoredOp) => ({ kind: op.origin, userId: op.userId, sessionId: op.sessionId, opId: op.opId });
  const short = (entries: TrailEntry[]) =>
    entries.map(({ kind, path: at, origin, refersTo }) => [
      kind,
      at,
      origin.kind === 'editor' || origin.kind === 'api' ? origin.opId : origin.kind,
      refersTo,
    ]);
  const open = () => trail.store.transact((tx) => openOps(tx, trail.place));

  it.each([
    ['write', { effect: 'write' }, { kind: 'created' }],
    ['write over', { effect: 'write', origin: 'api' }, { kind: 'modified' }],
    ['create_folder', { effect: 'create_folder', sha256: null }, { kind: 'created', type: 'directory', sha256: null }],
    ['move', { effect: 'move', sha256: null, previousPath: path('b') }, { kind: 'renamed', previousPath: path('b') }],
    ['delete', { effect: 'delete', sha256: null }, { kind: 'deleted', sha256: null }],
  ] as const)('%s is joined to the entry it caused, before its answer or after', async (_what, fields, entry) => {
    for (const early of [true, false]) {
      const op = await trail.ask(fields);
      if (early) await trail.done(op, 900);
      await trail.append([observed(entry)]);
      if (!early) await trail.done(op, 900);
      const { entries } = await trail.read({ order: 'newest', limit: 1 });
      expect(entries[0]).toMatchObject({ ...entry, origin: originOf(op) });
      expect(await trail.op(op.opId)).toMatchObject({ state: 'closed', seq: entries[0]?.seq });
      expect(await open()).toEqual([]);
    }
  });

  it('joins nothing that is another path, content or kind', async () => {
    const op = await trail.ask();
    await trail.append([
      observed({ path: path('b.txt') }),
      observed({ sha256: sha('b') }),
      observed({ kind: 'deleted' }),
      observed({ kind: 'renamed', previousPath: path('c') }),
    ]);
    expect((await trail.all()).every(({ origin }) => origin.kind === 'unattributed')).toBe(true);
    expect(await open()).toMatchObject([{ opId: op.opId, state: 'asked' }]);
  });

  it('attributes what was below a folder to its deletion', async () => {
    const op = await trail.ask({ effect: 'delete', path: path('d'), sha256: null });
    const gone = (at: string) => observed({ kind: 'deleted', path: path(at), sha256: null });
    await trail.append([gone('d/x/1'), gone('dx'), gone('d/x')]);
    await trail.done(op, 900);
    await trail.append([gone('d'), gone('d/later')]);
    expect(short(await trail.all()).map(([, at, who]) => [at, who])).toEqual([
      ['d/x/1', op.opId],
      ['dx', 'unattributed'],
      ['d/x', op.opId],
      ['d', op.opId],
      ['d/later', 'unattributed'],
    ]);
    expect(await trail.op(op.opId)).toMatchObject({ state: 'closed', seq: 4 });
  });

  it('goes on when more ops are to be closed than one transaction holds', async () => {
    // Each byte of these names is six in JSON.
    const long = (last: number) => path(`${`${'\u0001'.repeat(255)}/`.repeat(15)}${'\u0001'.repeat(200)}${last}`);
    const closing = async (effect: StoredOp['effect'], at: (index: number) => StoredOp['path']) => {
      for (let index = 0; index < 120; index += 1)
        await trail.done(await trail.ask({ effect, path: at(index), previousPath: long(0), sha256: sha('b') }), 900);
    };
    await closing('move', long);
    await trail.append([], { drainedAt: 2_000 });
    await closing('write', () => long(0));
    await trail.append([observed({ path: long(0), sha256: sha('c') })]);
    expect((await trail.all()).map(({ kind }) => kind)).toEqual([...Array(240).fill('superseded'), 'created']);
    expect(await open()).toEqual([]);
    expect(await verifyTrail(trail.store, trail.place)).toMatchObject({ sound: true });
  });

  it('says of content that was overwritten unseen that it was superseded, before what overwrote it', async () => {
    const op = await trail.ask();
    await trail.done(op, 900);
    // Looked at before the save: it says nothing of it.
    await trail.append([observed({ sha256: sha('1'), observedAt: 899 })]);
    await trail.append([observed({ kind: 'modified', sha256: sha('2'), observedAt: 901 })]);
    expect(short(await trail.all())).toEqual([
      ['created', 'a.txt', 'unattributed', null],
      ['superseded', 'a.txt', op.opId, null],
      ['modified', 'a.txt', 'unattributed', null],
    ]);
    expect(await trail.op(op.opId)).toMatchObject({ state: 'closed', seq: 2 });
  });

  it('says so too when it was another save that overwrote it', async () => {
    const [lost, seen] = [await trail.ask({ askedAt: 1 }), await trail.ask({ askedAt: 2, sha256: sha('b') })];
    await trail.done(lost, 900);
    await trail.done(seen, 901);
    await trail.append([observed({ sha256: sha('b'), observedAt: 902 })]);
    expect(short(await trail.all())).toEqual([
      ['superseded', 'a.txt', lost.opId, null],
      ['created', 'a.txt', seen.opId, null],
    ]);
    expect([await trail.op(lost.opId), await trail.op(seen.opId)]).toMatchObject([{ seq: 1 }, { seq: 2 }]);
  });

  it('says of one that was overwritten and went back that it was superseded once everything is drained', async () => {
    await trail.append([observed({ sha256: sha('1') })]);
    const op = await trail.ask();
    await trail.done(op, 900);
    await trail.append([], { drainedAt: 900 });
    expect(await open()).toHaveLength(1);
    await trail.append([], { drainedAt: 901 });
    expect(short(await trail.all())[1]).toEqual(['superseded', 'a.txt', op.opId, null]);
  });

  it('attributes a save of what was there already to whoever saved', async () => {
    await trail.append([observed()]);
    const op = await trail.ask();
    await trail.done(op, 900);
    await trail.append([], { drainedAt: 901 });
    expect(short(await trail.all())[1]).toEqual(['attributed', 'a.txt', op.opId, 1]);
    // What was superseded since was never seen there: the content is still the first entry's.
    const lost = await trail.ask({ sha256: sha('b') });
    await trail.done(lost, 902);
    await trail.append([], { drainedAt: 903 });
    const again = await trail.ask();
    await trail.done(again, 904);
    await trail.append([], { drainedAt: 905 });
    expect(short(await trail.all()).slice(2)).toEqual([
      ['superseded', 'a.txt', lost.opId, null],
      ['attributed', 'a.txt', again.opId, 2],
    ]);
  });

  it('attributes a save of what came there with a folder that was renamed', async () => {
    await trail.append([observed({ path: path('d/a') })]);
    await trail.append([
      observed({ kind: 'renamed', type: 'directory', path: path('e'), previousPath: path('d'), sha256: null }),
    ]);
    const op = await trail.ask({ path: path('e/a'), unchanged: true });
    await trail.done(op, 2_000);
    await trail.append([], { drainedAt: 2_001 });
    expect(short(await trail.all())[2]).toEqual(['attributed', 'e/a', op.opId, null]);
  });

  it('attributes two saves of the same text that were seen as one', async () => {
    const [first, second] = [await trail.ask({ askedAt: 1 }), await trail.ask({ askedAt: 2 })];
    await trail.done(first, 900);
    await trail.done(second, 901);
    await trail.append([observed({ observedAt: 950 })], { drainedAt: 940 });
    expect(short(await trail.all())).toEqual([
      ['created', 'a.txt', first.opId, null],
      ['attributed', 'a.txt', second.opId, 1],
    ]);
  });

  it('lets one that was never answered expire without an entry; asked again it counts again', async () => {
    const op = await trail.ask();
    trail.world.clock.jump(limits.opOpenMsMax);
    await trail.append([], { drainedAt: Number.MAX_SAFE_INTEGER });
    expect(await open()).toHaveLength(1);
    trail.world.clock.jump(1);
    await trail.append([]);
    expect(await open()).toEqual([]);
    expect(await trail.op(op.opId)).toMatchObject({ state: 'closed', seq: null });
    expect(await trail.all()).toEqual([]);
    await trail.ask({ ...op, askedAt: trail.world.clock.now() });
    await trail.done(op, 900);
    await trail.append([observed()]);
    expect(short(await trail.all())).toEqual([['created', 'a.txt', op.opId, null]]);
  });

  it('has every acknowledged op exactly once, however saves, other programs, looks and answers are interleaved', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 40 }), async (steps) => {
        const run = new Interleaving(await openTrail(opened.store));
        for (const one of steps) await run.take(one);
        await run.finish();
      }),
      { seed, numRuns: name.endsWith('lmdb') ? 15 : 60 },
    );
  });
});

type Step =
  | { do: 'save' | 'program'; at: number; content: number }
  | { do: 'remove'; at: number }
  | { do: 'look' | 'lose'; at: number }
  | { do: 'answer' | 'drain' | 'send' | 'resend' };

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant('save' as const), at: fc.nat(2), content: fc.nat(2) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('program' as const), at: fc.nat(2), content: fc.nat(2) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('remove' as const), at: fc.nat(2) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constantFrom('look' as const, 'lose' as const), at: fc.nat(2) }) },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constantFrom('answer' as const, 'drain' as const, 'send' as const, 'resend' as const),
    }),
  },
);

/** A disk, a monitor that looks at it now and then, and saves whose answers come late or never. */
class Interleaving {
  #trail: OpenTrail;
  #time = 1_000;
  #disk = new Map<number, string | null>();
  #index = new Map<number, string | null>();
  #unanswered: { op: StoredOp; writtenAt: number }[] = [];
  #acknowledged: StoredOp[] = [];
  #spool: ReturnType<typeof observed>[] = [];
  #sent = 0;

  constructor(trail: OpenTrail) {
    this.#trail = trail;
  }

  async take(one: Step): Promise<void> {
    this.#time += 1;
    switch (one.do) {
      case 'save': {
        const op = await this.#trail.ask({
          path: path(`f${one.at}`),
          sha256: sha(String(one.content)),
          askedAt: this.#time,
        });
        this.#disk.set(one.at, op.sha256);
        this.#unanswered.push({ op, writtenAt: this.#time });
        return;
      }
      case 'program':
        return void this.#disk.set(one.at, sha(String(one.content)));
      case 'remove':
        return void this.#disk.set(one.at, null);
      case 'look':
        return this.#look(one.at);
      case 'answer':
        return this.#answer(this.#unanswered.shift());
      // The answer is lost with the server: the op was never acknowledged.
      case 'lose':
        return void this.#unanswered.shift();
      case 'drain':
        for (const at of this.#disk.keys()) this.#look(at);
        return this.#send(this.#sent, this.#time);
      case 'send':
        return this.#send(this.#sent, null);
      case 'resend':
        return this.#send(Math.floor(this.#sent / 2), null);
    }
  }

  async finish(): Promise<void> {
    for (const pending of this.#unanswered.splice(0)) await this.#answer(pending);
    for (let round = 0; round < 2; round += 1) await this.take({ do: 'drain' });
    const entries = await this.#trail.all();
    const of = (op: StoredOp) => entries.filter(({ origin }) => 'opId' in origin && origin.opId === op.opId);
    for (const op of this.#acknowledged) {
      expect(of(op)).toHaveLength(1);
      expect(await this.#trail.op(op.opId)).toMatchObject({ state: 'closed', seq: of(op)[0]?.seq });
    }
    expect(entries.flatMap(({ spool }) => (spool ? [spool.seq] : []))).toEqual(
      this.#spool.map((_, index) => index + 1),
    );
    expect(entries.map(({ seq }) => seq)).toEqual(entries.map((_, index) => index + 1));
    expect(await verifyTrail(this.#trail.store, this.#trail.place)).toMatchObject({ sound: true });
  }

  async #answer(pending: { op: StoredOp; writtenAt: number } | undefined): Promise<void> {
    if (!pending) return;
    await this.#trail.done(pending.op, pending.writtenAt);
    this.#acknowledged.push(pending.op);
  }

  #look(at: number): void {
    const [was = null, is = null] = [this.#index.get(at), this.#disk.get(at)];
    if (was === is) return;
    this.#index.set(at, is);
    const kind = is === null ? 'deleted' : was === null ? 'created' : 'modified';
    this.#spool.push(observed({ kind, path: path(`f${at}`), sha256: is, observedAt: this.#time }));
  }

  async #send(from: number, drainedAt: number | null): Promise<void> {
    await this.#trail.append(this.#spool.slice(from), { firstSeq: from + 1, drainedAt });
    this.#sent = this.#spool.length;
  }
}
