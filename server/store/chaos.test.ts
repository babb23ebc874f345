import { describe, expect, it } from 'vitest';
import { seededRandom, systemRandom } from '../../lib/base/random.ts';
import { chaosStore } from './chaos.ts';
import { storeContract } from './contract-suite.ts';
import { openMemoryStore } from './memory.ts';

const seed = Number(process.env.CHAOS_SEED ?? Buffer.from(systemRandom.bytes(4)).readUInt32BE());

describe(`CHAOS_SEED=${seed}`, () => {
  storeContract(
    'chaos',
    async (clock) => {
      const store = chaosStore(openMemoryStore({ clock }), { random: seededRandom(seed) });
      return { store, dispose: () => store.close() };
    },
    { repeatsBodies: true },
  );
});

describe('chaos', () => {
  const key = Uint8Array.of(1);
  const calm = { random: seededRandom(1), discarded: 0, repeated: 0, paused: 0, woken: 0 };
  const count = async (options: object) => {
    const store = chaosStore(openMemoryStore(), { ...calm, ...options });
    let runs = 0;
    for (let id = 0; id < 100; id += 1) {
      await store.transact(async (transaction) => {
        runs += 1;
        const value = await transaction.get(key);
        transaction.set(key, Uint8Array.of((value?.[0] ?? 0) + 1));
      });
    }
    return { runs, value: (await store.transact((transaction) => transaction.get(key)))?.[0] };
  };

  it('S18 is the store itself when nothing is to happen', async () => {
    expect(await count({})).toEqual({ runs: 100, value: 100 });
  });

  it('S18 runs bodies again without a commit, which leaves no trace', async () => {
    const { runs, value } = await count({ discarded: 0.5 });
    expect(runs).toBeGreaterThan(150);
    expect(value).toBe(100);
  });

  it('S18 runs bodies again after a commit, which a body without an idempotency key shows', async () => {
    const { runs, value } = await count({ repeated: 0.3 });
    expect(runs).toBeGreaterThan(110);
    expect(value).toBe(runs);
  });

  it('S18 makes reads wait for a turn', async () => {
    const store = chaosStore(openMemoryStore(), { ...calm, paused: 1 });
    const order: string[] = [];
    setImmediate(() => order.push('a turn'));
    await store.transact(async (transaction) => {
      await transaction.get(key);
      order.push('read');
    });
    expect(order).toEqual(['a turn', 'read']);
  });

  it('S18 wakes watches for nothing', async () => {
    const store = chaosStore(openMemoryStore(), { ...calm, woken: 1 });
    await store.watch({ key, known: undefined }, new AbortController().signal);
  });
});
