import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { encodePath, type WirePath } from '../../../lib/contracts/path.ts';
import { type TrailEntry, type TrailQuery, trailQuery } from '../../../lib/contracts/trail.ts';
import type { Store } from '../../store/store.ts';
import { blank, type OpenTrail, observed, openTrail, path, seed, stores } from '../testing/trail.ts';

/** Two that share their first 1,024 bytes, one that is no text, and one that others begin with. */
const long = path(`${'x'.repeat(250)}/`.repeat(5).slice(0, -1));
const paths: WirePath[] = [
  path('a'),
  path('a/b'),
  path('a.txt'),
  encodePath(Uint8Array.of(0xff)),
  long,
  path(`${long}/y`),
];

describe.each(Object.entries(stores))(`reading from ${'%s'} (TRAIL_SEED=${seed})`, (name, make) => {
  let opened: { store: Store; end(): Promise<void> };
  let trail: OpenTrail;
  let all: TrailEntry[];
  beforeAll(async () => {
    opened = await make();
    trail = await openTrail(opened.store);
    for (let batch = 0; batch < 12; batch += 1) {
      trail.world.clock.jump(batch % 3 === 0 ? 0 : 10);
      const entries = paths.map((at, index) =>
        (batch + index) % 5 === 0
          ? observed({ kind: 'renamed', path: at, previousPath: paths[(index + 1) % paths.length] ?? at })
          : (batch + index) % 7 === 0
            ? blank('gap_opened')
            : observed({ path: at }),
      );
      await trail.append(entries);
    }
    all = await trail.all();
  });
  afterAll(async () => {
    await trail.close();
    await opened.end();
  });

  const query = (fields: Partial<TrailQuery>): TrailQuery => ({ ...trailQuery.parse({}), ...fields });
  /** The same by looking at every entry. */
  function naive(of: TrailQuery): TrailEntry[] {
    const found = all.filter(
      (entry) =>
        (of.path === undefined ||
          (entry.type !== null && (entry.path === of.path || entry.previousPath === of.path))) &&
        (of.before === undefined || entry.seq < of.before) &&
        (of.after === undefined || entry.seq > of.after) &&
        (of.from === undefined || entry.recordedAt >= of.from) &&
        (of.to === undefined || entry.recordedAt < of.to),
    );
    return of.order === 'newest' ? found.reverse() : found;
  }

  it('pages through exactly what a look at every entry finds, by place, time and path, both ways', async () => {
    expect(all).toHaveLength(72);
    const first = all[0]?.recordedAt ?? 0;
    const optional = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined });
    const time = fc.integer({ min: first - 5, max: first + 100 });
    const anyQuery = fc.record({
      path: optional(fc.constantFrom(...paths, path('nowhere'))),
      before: optional(fc.integer({ min: 1, max: 90 })),
      after: optional(fc.integer({ min: 0, max: 90 })),
      from: optional(time),
      to: optional(time),
      order: fc.constantFrom('newest' as const, 'oldest' as const),
      limit: fc.integer({ min: 1, max: 30 }),
    });
    await fc.assert(
      fc.asyncProperty(anyQuery, async (asked) => {
        const expected = naive(asked);
        const found: TrailEntry[] = [];
        for (let next: TrailQuery | null = asked; next !== null; ) {
          const page = await trail.read(next);
          expect(page.entries.length).toBeLessThanOrEqual(asked.limit);
          found.push(...page.entries);
          const way = asked.order === 'newest' ? 'before' : 'after';
          next = page.next === null ? null : { ...next, [way]: page.next };
        }
        expect(found).toEqual(expected);
      }),
      { seed, numRuns: name.startsWith('chaos') ? 60 : 300 },
    );
  });

  it('ends where there is nothing more, with a page that is exactly full too', async () => {
    expect(await trail.read(query({ limit: all.length }))).toMatchObject({ next: null });
    expect(await trail.read(query({ limit: all.length - 1 }))).toMatchObject({ next: 2 });
    expect(await trail.read(query({ before: 1 }))).toMatchObject({ entries: [], next: null });
  });
});

it('reads one page of a long trail with no more keys than one of a short', async () => {
  const trail = await openTrail();
  let keys = 0;
  const counting: Store = {
    ...trail.store,
    transact: (body) =>
      trail.store.transact((tx) =>
        body({
          ...{ set: tx.set.bind(tx), clear: tx.clear.bind(tx), clearRange: tx.clearRange.bind(tx) },
          async get(key) {
            keys += 1;
            return tx.get(key);
          },
          async getRange(range, options) {
            const found = await tx.getRange(range, options);
            keys += found.length;
            return found;
          },
        }),
      ),
  };
  const { readPage } = await import('./read.ts');
  const cost = async (of: Partial<TrailQuery>) => {
    keys = 0;
    await counting.transact((tx) => readPage(tx, trail.place, trailQuery.parse({ limit: 10, ...of })));
    return keys;
  };
  const costs: number[][] = [];
  for (let batch = 0; batch < 5; batch += 1) {
    await trail.append(Array.from({ length: 400 }, () => observed({})));
    trail.world.clock.jump(10);
    const from = trail.world.clock.now() - 5;
    costs.push([
      await cost({}),
      await cost({ path: path('a.txt') }),
      await cost({ from }),
      await cost({ before: 300 }),
    ]);
  }
  for (const one of costs) expect(one).toEqual(costs[0]);
  await trail.close();
});
