import { afterEach, beforeEach, expect, it } from 'vitest';
import { newId, seededRandom } from '../../lib/base/random.ts';
import type { LoginId } from '../../lib/contracts/ids.ts';
import type { Store } from '../store/store.ts';
import { RevocationFollower, revokeLogin } from './revocations.ts';
import { openWorld, type World } from './testing/world.ts';

const random = seededRandom(9);
const logins = Array.from({ length: 1_203 }, () => newId<LoginId>(random));
let world: World;
beforeEach(async () => {
  world = await openWorld();
});
afterEach(() => world.close());

const revoke = (some: readonly LoginId[]) =>
  world.store.transact(async (tx) => {
    for (const loginId of some) await revokeLogin(tx, loginId, 1);
  });
async function follow(store: Store = world.store) {
  const follower = await RevocationFollower.open({ ...world.context, store });
  const heard: LoginId[] = [];
  follower.revoked.on((loginId) => heard.push(loginId));
  return { follower, heard };
}

it('tells every follower of each login that ends from now on, in order, across pages', async () => {
  await revoke(logins.slice(0, 3));
  const [one, two] = [await follow(), await follow()];
  await revoke(logins.slice(3));
  await expect.poll(() => one.heard).toEqual(logins.slice(3));
  await expect.poll(() => two.heard).toEqual(logins.slice(3));
  one.follower[Symbol.dispose]();
  await revoke(logins.slice(0, 1));
  await expect.poll(() => two.heard.length).toBe(logins.length - 2);
  expect(one.heard).toHaveLength(logins.length - 3);
  two.follower[Symbol.dispose]();
});

it('polls as well, should a watch be lost', async () => {
  const deaf: Store = {
    ...bound(world.store),
    watch: (_seen, signal) =>
      new Promise((_, reject) => {
        signal.addEventListener('abort', () => reject(signal.reason));
      }),
  };
  const { follower, heard } = await follow(deaf);
  await revoke(logins.slice(0, 1));
  expect(heard).toEqual([]);
  await expect
    .poll(async () => {
      await world.clock.advance(2_000);
      return heard;
    })
    .toEqual(logins.slice(0, 1));
  follower[Symbol.dispose]();
});

it('goes on after the store has failed', async () => {
  let broken = true;
  const store: Store = {
    ...bound(world.store),
    watch: (seen, signal) => (broken ? Promise.reject(new Error('no watch')) : world.store.watch(seen, signal)),
  };
  const { follower, heard } = await follow(store);
  await revoke(logins.slice(0, 1));
  broken = false;
  await expect
    .poll(async () => {
      await world.clock.advance(2_000);
      return heard;
    })
    .toEqual(logins.slice(0, 1));
  follower[Symbol.dispose]();
});

const bound = (store: Store): Store => ({
  transact: store.transact.bind(store),
  watch: store.watch.bind(store),
  close: store.close.bind(store),
});
