import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { newId, seededRandom } from '../../../lib/base/random.ts';
import type { SpoolId } from '../../../lib/contracts/ids.ts';
import { limits } from '../../../lib/contracts/limits.ts';
import { keyspace } from '../../store/keyspace.ts';
import type { Store } from '../../store/store.ts';
import { blank, type OpenTrail, observed, openTrail, path, seed, sha, stores } from '../testing/trail.ts';
import { verifyTrail } from './verify.ts';

const files = (count: number, from = 1) =>
  Array.from({ length: count }, (_, index) => observed({ path: path(`file-${from + index}`) }));

describe.each(Object.entries(stores))(`appending to ${'%s'} (TRAIL_SEED=${seed})`, (_name, make) => {
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

  it('numbers, times and chains entries without a hole, and tells of them once, in order', async () => {
    const told: number[] = [];
    trail.trail.onAppended(({ entries }) => told.push(...entries.map(({ seq }) => seq)));
    expect(await trail.append(files(3))).toBe(3);
    trail.world.clock.jump(-60_000);
    expect(await trail.append(files(2, 4))).toBe(5);
    const entries = await trail.all();
    expect(entries.map(({ seq, path: at, spool }) => [seq, at, spool?.seq])).toEqual(
      [1, 2, 3, 4, 5].map((seq) => [seq, `file-${seq}`, seq]),
    );
    const times = entries.map(({ recordedAt }) => recordedAt);
    expect(times).toEqual([...times].sort((a, b) => a - b));
    expect(told).toEqual([1, 2, 3, 4, 5]);
    expect(await verifyTrail(trail.store, trail.place)).toMatchObject({ sound: true, entries: 5 });
  });

  it('stores what is sent again, whole or overlapping, once', async () => {
    await trail.append(files(5));
    expect(await trail.append(files(5), { firstSeq: 1 })).toBe(5);
    expect(await trail.append(files(4, 3), { firstSeq: 3 })).toBe(6);
    expect(await trail.append(files(1, 2), { firstSeq: 2 })).toBe(6);
    expect((await trail.all()).map(({ path: at }) => at)).toEqual([1, 2, 3, 4, 5, 6].map((seq) => `file-${seq}`));
  });

  it('refuses a hole and says from where to send', async () => {
    await trail.append(files(2));
    await expect(trail.append(files(1), { firstSeq: 4 })).rejects.toMatchObject({
      code: 'conflict',
      details: { facts: { seq: '2' } },
    });
    expect(await trail.all()).toHaveLength(2);
  });

  it('takes nothing from a monitor that was replaced', async () => {
    const { place, spool } = trail;
    await trail.store.transact(async (tx) =>
      keyspace.connection.set(tx, 2, place.tenantId, place.workspaceId, 'monitor'),
    );
    await expect(trail.append(files(1))).rejects.toMatchObject({ code: 'conflict' });
    const batch = { spool, firstSeq: 1, entries: files(1), drainedAt: null };
    expect(await trail.trail.append({ ...place, connection: 2 }, batch)).toBe(1);
  });

  it('begins a new spool at one, after what the old one left', async () => {
    await trail.append(files(2));
    const spool = newId<SpoolId>(seededRandom(seed + 1));
    expect(await trail.trail.storedSeq(trail.place, spool)).toBe(0);
    const batch = {
      spool,
      firstSeq: 1,
      entries: [blank('gap_opened', { reason: 'baseline' }), ...files(1)],
      drainedAt: null,
    };
    expect(await trail.trail.append({ ...trail.place, connection: 1 }, batch)).toBe(2);
    expect(await trail.trail.storedSeq(trail.place, spool)).toBe(2);
    expect((await trail.all()).map(({ seq, spool: from }) => [seq, from?.id === spool, from?.seq])).toEqual([
      [1, false, 1],
      [2, false, 2],
      [3, true, 1],
      [4, true, 2],
    ]);
  });

  it('is complete up to the oldest open gap, and a closing entry names the one it closes', async () => {
    await trail.append([...files(1), blank('gap_opened', { reason: 'overflow' }), ...files(1, 2)]);
    expect(await trail.read()).toMatchObject({ completeTo: 1 });
    // A monitor that died with a gap open opens another.
    await trail.append([blank('gap_opened', { reason: 'started' })]);
    expect(await trail.read()).toMatchObject({ completeTo: 1 });
    await trail.append([blank('gap_closed'), ...files(1, 3)]);
    expect(await trail.read()).toMatchObject({ completeTo: 6 });
    expect((await trail.all())[4]).toMatchObject({ kind: 'gap_closed', refersTo: 2 });
  });

  it('takes a whole batch of the limit, and one of paths as long as they come', async () => {
    await trail.append(files(limits.trailBatchEntriesMax));
    const long = path(Array.from({ length: 16 }, () => '\u0001'.repeat(254)).join('/'));
    const entry = observed({ kind: 'renamed', path: long, previousPath: path(`${long}/b`), linkTarget: `${long}` });
    await trail.append([entry]);
    expect(await trail.read({ path: long })).toMatchObject({ entries: [{ seq: limits.trailBatchEntriesMax + 1 }] });
    expect(await verifyTrail(trail.store, trail.place)).toMatchObject({ sound: true });
  });

  it('keeps every field as it came', async () => {
    const entry = observed({
      ...{ kind: 'modified', type: 'symlink', mode: 0o777, linkTarget: 'ü/../x', size: 7, sha256: null },
      ...{ unhashed: 'changing', coalesced: 3, observedAt: 123 },
    });
    await trail.append([entry, observed({ sha256: sha('b') })]);
    expect((await trail.all())[0]).toMatchObject(entry);
  });
});
