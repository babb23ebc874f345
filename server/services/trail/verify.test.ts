import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { TrailEntry } from '../../../lib/contracts/trail.ts';
import { keyspace } from '../../store/keyspace.ts';
import type { Store } from '../../store/store.ts';
import { type OpenTrail, observed, openTrail, path, seed, sha, stores } from '../testing/trail.ts';
import { verifyTrail } from './verify.ts';

const count = 1_205;
let opened: { store: Store; end(): Promise<void> };
let trail: OpenTrail;
beforeEach(async () => {
  // The bytes of a real store, over more than one page.
  opened = await (stores.lmdb as (typeof stores)[string])();
  trail = await openTrail(opened.store);
  for (let from = 0; from < count; from += 1_000)
    await trail.append(
      Array.from({ length: Math.min(1_000, count - from) }, (_, index) =>
        observed({ path: path(`f-${from + index}`) }),
      ),
    );
});
afterEach(async () => {
  await trail.close();
  await opened.end();
});

const key = (seq: number) => keyspace.trail.key(trail.place.tenantId, trail.place.workspaceId, seq);
const edit = (
  body: (
    bytes: (seq: number) => Promise<Uint8Array>,
    set: (seq: number, bytes: Uint8Array | undefined) => void,
  ) => Promise<void>,
) =>
  trail.store.transact((tx) =>
    body(
      async (seq) => (await tx.get(key(seq))) ?? new Uint8Array(),
      (seq, bytes) => (bytes ? tx.set(key(seq), bytes) : tx.clear(key(seq))),
    ),
  );
const altered = (seq: number, change: Partial<TrailEntry>) =>
  edit(async (bytes, set) =>
    set(seq, keyspace.trail.encode({ ...keyspace.trail.decode(await bytes(seq)), ...change })),
  );
const verdict = () => verifyTrail(trail.store, trail.place);

describe(`verification (TRAIL_SEED=${seed})`, () => {
  it('finds a trail that nobody touched sound, an empty one too', async () => {
    expect(await verdict()).toMatchObject({ sound: true, entries: count, chain: (await trail.head())?.chain });
    const nowhere = { ...trail.place, workspaceId: 'none' as typeof trail.place.workspaceId };
    expect(await verifyTrail(trail.store, nowhere)).toMatchObject({ sound: true, entries: 0 });
  });

  it('names the first entry whose least field was altered', async () => {
    const changes: Partial<TrailEntry>[] = [
      ...[
        { size: 2 },
        { sha256: sha('b') },
        { path: path('other') },
        { mode: 0o600 },
        { recordedAt: 1 },
        { coalesced: 1 },
      ],
      ...[{ observedAt: 0 }, { kind: 'modified' as const }, { spool: null }, { chain: sha('c') }],
      { origin: { kind: 'run' as const, runId: 'me' as never, claimed: true as const } },
    ];
    for (const [index, change] of changes.entries()) {
      const seq = 1_100 - index;
      await altered(seq, change);
      expect(await verdict(), JSON.stringify(change)).toMatchObject({ sound: false, seq, fault: 'altered' });
    }
  });

  it('names one whose bytes are no entry', async () => {
    await edit(async (_bytes, set) => set(17, Buffer.from('[1,{}]')));
    expect(await verdict()).toMatchObject({ sound: false, seq: 17, fault: 'unreadable' });
  });

  it('names the first that was dropped: in the midst, at the head, at the tail', async () => {
    await edit(async (_bytes, set) => set(count, undefined));
    expect(await verdict()).toMatchObject({ sound: false, seq: count, fault: 'dropped' });
    await edit(async (_bytes, set) => set(1_000, undefined));
    expect(await verdict()).toMatchObject({ sound: false, seq: 1_000, fault: 'dropped' });
    await edit(async (_bytes, set) => set(1, undefined));
    expect(await verdict()).toMatchObject({ sound: false, seq: 1, fault: 'dropped' });
  });

  it('names the first that changed places, also when its number was made to fit', async () => {
    await edit(async (bytes, set) => {
      const [one, other] = [await bytes(500), await bytes(900)];
      set(500, other);
      set(900, one);
    });
    expect(await verdict()).toMatchObject({ sound: false, seq: 500, fault: 'reordered' });
    await altered(500, { seq: 500 });
    expect(await verdict()).toMatchObject({ sound: false, seq: 500, fault: 'altered' });
  });

  it('is not taken in by another workspace’s trail, sound as that is', async () => {
    const { tenantId, workspaceId } = trail.place;
    const forged = { tenantId, workspaceId: 'forged' as typeof workspaceId };
    await trail.store.transact(async (tx) => {
      for (const entry of await keyspace.trail.list(tx, keyspace.trail.range(tenantId, workspaceId)))
        keyspace.trail.set(tx, entry, tenantId, forged.workspaceId, entry.seq);
      const head = await keyspace.trailHead.get(tx, tenantId, workspaceId);
      if (head) keyspace.trailHead.set(tx, head, tenantId, forged.workspaceId);
    });
    expect(await verifyTrail(trail.store, forged)).toMatchObject({ sound: false, seq: 1, fault: 'altered' });
  });

  it('finds entries beyond the head, and a head that was set back', async () => {
    await edit(async (bytes, set) => set(count + 1, await bytes(count)));
    expect(await verdict()).toMatchObject({ sound: false, seq: count + 1, fault: 'beyond_head' });
    await edit(async (_bytes, set) => set(count + 1, undefined));
    const head = await trail.head();
    const { tenantId, workspaceId } = trail.place;
    if (!head) throw new Error('there is no head');
    const setHead = (change: Partial<typeof head>) =>
      trail.store.transact(async (tx) => keyspace.trailHead.set(tx, { ...head, ...change }, tenantId, workspaceId));
    await setHead({ chain: sha('0') });
    expect(await verdict()).toMatchObject({ sound: false, seq: count, fault: 'altered' });
    await setHead({ seq: count - 1 });
    expect(await verdict()).toMatchObject({ sound: false, seq: count, fault: 'beyond_head' });
  });
});
