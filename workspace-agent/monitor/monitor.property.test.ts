import { afterEach, expect, test } from 'vitest';
import { seededRandom } from '../../lib/base/random.ts';
import { RandomChanges } from './testing/random-changes.ts';
import { TestWorkspace } from './testing/workspace.ts';

const seeds = process.env.SEED ? [Number(process.env.SEED)] : [1, 2, 536_808, Date.now() % 1_000_000];

let workspace: TestWorkspace | undefined;
afterEach(() => workspace?.close());

/** Lets the monitor, and the gateway in this process, have a turn of random length. */
async function breathe(changes: RandomChanges) {
  for (let turn = changes.below(40); turn > 0; turn -= 1) await new Promise<void>((resolve) => setImmediate(resolve));
}

test.each(seeds)('the tree replayed from the trail equals the disk (SEED=%i)', { timeout: 120_000 }, async (seed) => {
  const links = seed % 2 === 0;
  workspace = await TestWorkspace.open(links ? [] : ['node_modules', 'd/e']);
  const changes = new RandomChanges(workspace.root, seededRandom(seed), { links });
  for (let step = 0; step < 20; step += 1) changes.step();
  workspace.start();
  for (let round = 0; round < 12; round += 1) {
    for (let step = 0; step < 60; step += 1) {
      changes.step();
      // A link that is used and gone before anyone looked at it is beyond a watcher of folders.
      if (changes.linked) await workspace.rested();
      else if (changes.below(3) === 0) await breathe(changes);
    }
    if (changes.below(3) === 0) {
      await workspace.end(changes.below(2) === 0 ? 'SIGKILL' : 'SIGTERM');
      changes.done.push('— the monitor was ended');
      for (let step = changes.below(20); step > 0 && !changes.linked; step -= 1) changes.step();
      workspace.start();
    }
    if (changes.below(2) === 0) continue;
    await workspace.rested();
    expect(workspace.replayed(), `after ${changes.done.slice(-80).join('\n')}`).toEqual(workspace.onDisk());
    changes.done.push('— the trail was right here');
  }
  await workspace.rested();
  expect(workspace.replayed(), `after ${changes.done.slice(-80).join('\n')}`).toEqual(workspace.onDisk());
  // One spool all along: nothing made the monitor or the server begin anew.
  expect(workspace.gateway.trails.size).toBe(1);
});
