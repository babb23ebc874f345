import { hash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { limits } from './limits.ts';
import { canonicalBytes, chainOf, chainStart, type Origin, type TrailEntry, trailEntry, trailQuery } from './trail.ts';

/** Two fixed entries and their chain. Whoever keeps a trail elsewhere relies on these bytes: they never change. */
const first = trailEntry.omit({ chain: true }).parse({
  ...{ workspaceId: 'w2345', seq: 1, recordedAt: 1_700_000_000_000, observedAt: 1_699_999_999_999 },
  ...{ spool: { id: 's2345', seq: 1 }, kind: 'created', type: 'file', path: 'naïve "file".txt', previousPath: null },
  ...{ mode: 0o644, linkTarget: null, size: 5, sha256: hash('sha256', 'hello'), unhashed: null, coalesced: 0 },
  ...{ reason: null, rules: null, origin: { kind: 'unattributed' }, refersTo: null },
});
const second = trailEntry.omit({ chain: true }).parse({
  ...{
    ...first,
    seq: 2,
    recordedAt: 1_700_000_000_001,
    observedAt: 1_700_000_000_000,
    spool: null,
    kind: 'attributed',
  },
  ...{ mode: null, size: null, path: 'b64:_w', refersTo: 1 },
  origin: { kind: 'editor', userId: 'u2345', sessionId: 'e2345', opId: 'p2345' },
});
const sha256 = (bytes: Uint8Array) => hash('sha256', bytes, 'hex');
const chained = (entry: Omit<TrailEntry, 'chain'>, previous = chainStart) => chainOf({ previous, entry }, sha256);

describe('the chain', () => {
  it('has these bytes', () => {
    expect(Buffer.from(canonicalBytes(first)).toString()).toBe(
      '["coditect-trail-1","w2345",1,1700000000000,1699999999999,["s2345",1],"created","file","naïve \\"file\\".txt",null,420,null,5,"2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824",null,0,null,null,["unattributed"],null]',
    );
    expect(Buffer.from(canonicalBytes(second)).toString()).toBe(
      '["coditect-trail-1","w2345",2,1700000000001,1700000000000,null,"attributed","file","b64:_w",null,null,null,null,"2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824",null,0,null,null,["editor","u2345","e2345","p2345"],1]',
    );
  });

  it('has these values', () => {
    const one = chained(first);
    expect(one).toBe('bffc5486e90230844218fb7d20e5430578477a5bf9b9ac6892b18864d75f1591');
    expect(chained(second, one)).toBe('23d09d103df13c0c41c388e1cb91e8e8a6a4c82d1189c01cd6ad09408138bd91');
  });

  it('depends on every field', () => {
    const others: { [Field in keyof typeof first]: (typeof first)[Field] } = {
      ...{ workspaceId: 'w2346' as TrailEntry['workspaceId'], seq: 2, recordedAt: 1, observedAt: 1, spool: null },
      ...{ kind: 'modified', type: 'directory', path: second.path, previousPath: second.path, mode: 0, linkTarget: '' },
      ...{ size: 0, sha256: null, unhashed: 'unreadable', coalesced: 1, reason: 'burst', rules: [] },
      ...{ origin: second.origin, refersTo: 1 },
    };
    // A field that is added must be chained too, or this does not compile.
    const values = Object.entries(others).map(([field, value]) => chained({ ...first, [field]: value }));
    expect(Object.keys(others).sort()).toEqual(Object.keys(trailEntry.omit({ chain: true }).shape).sort());
    const origins: Origin[] = [
      { ...(second.origin as Extract<Origin, { opId: unknown }>), kind: 'api' },
      { ...(second.origin as Extract<Origin, { opId: unknown }>), sessionId: null },
      { kind: 'run', runId: 'r2345' as Extract<Origin, { kind: 'run' }>['runId'], claimed: true },
    ];
    values.push(
      ...origins.map((origin) => chained({ ...first, origin })),
      chained(first),
      chained(first, sha256(new Uint8Array())),
    );
    expect(new Set(values).size).toBe(values.length);
  });

  it('does not depend on the order in which fields were written down', () => {
    const turned = Object.fromEntries(Object.entries(first).reverse()) as typeof first;
    expect(chained(turned)).toBe(chained(first));
  });
});

it('is asked for in pages of trailPageEntriesDefault, trailPageEntriesMax at most', () => {
  expect(trailQuery.parse({})).toEqual({ order: 'newest', limit: limits.trailPageEntriesDefault });
  expect(trailQuery.parse({ limit: `${limits.trailPageEntriesMax}`, before: '7' })).toMatchObject({ before: 7 });
  for (const limit of [limits.trailPageEntriesMax + 1, 0, -1, 1.5, 'x'])
    expect(trailQuery.safeParse({ limit }).success, String(limit)).toBe(false);
});
