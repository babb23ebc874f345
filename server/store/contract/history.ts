import { expect, it } from 'vitest';
import { type Random, seededRandom, systemRandom } from '../../../lib/base/random.ts';
import type { Key, KeyRange, RangeOptions, Store, Transaction } from '../store.ts';
import type { StoreSubject } from './subject.ts';

/** S13: one random history is run on the store and on the plainest model there is; every answer must be the same. */
export function historyContract({ store }: StoreSubject): void {
  const seed = Number(process.env.STORE_SEED ?? Buffer.from(systemRandom.bytes(4)).readUInt32BE());

  it(`S13 answers as the model does (STORE_SEED=${seed})`, async () => {
    const dice = new Dice(seededRandom(seed));
    let model = new Map<string, Uint8Array>();
    for (let round = 0; round < 150; round += 1) {
      const steps = Array.from({ length: dice.below(12) + 1 }, () => randomStep(dice));
      const abort = dice.below(6) === 0;
      const expected = new Map(model);
      const answers = steps.map((step) => modelAnswer(expected, step));
      await expectSame(store(), { round, steps, answers, abort });
      if (!abort) model = expected;
    }
    const pairs = await store().transact((transaction) => transaction.getRange(everything));
    expect(pairs.map(({ key, value }) => [hexOf(key), hexOf(value)])).toEqual(modelRange(model, everything, {}));
  });
}

type Step =
  | { kind: 'get'; key: Key }
  | { kind: 'getRange'; range: KeyRange; options: RangeOptions }
  | { kind: 'set'; key: Key; value: Uint8Array }
  | { kind: 'clear'; key: Key }
  | { kind: 'clearRange'; range: KeyRange };

/** Beyond the longest random key, so that the marks are in no range. */
const marks = [0xfe, 0xff, 0xff, 0xff] as const;
const everything: KeyRange = { begin: new Uint8Array(), end: Uint8Array.of(...marks) };

interface Run {
  round: number;
  steps: Step[];
  answers: unknown[];
  abort: boolean;
}

async function expectSame(store: Store, run: Run): Promise<void> {
  const aborted = new Error('aborted by the test');
  const attempt = store.transact(async (transaction) => {
    // A body may run again after its commit (S11); then the answers are those of a later state.
    const mark = Uint8Array.of(...marks, run.round);
    if (await transaction.get(mark)) return;
    transaction.set(mark, new Uint8Array());
    const answers: unknown[] = [];
    for (const step of run.steps) answers.push(await storeAnswer(transaction, step));
    expect(answers).toEqual(run.answers);
    if (run.abort) throw aborted;
  });
  if (run.abort) await expect(attempt).rejects.toBe(aborted);
  else await attempt;
}

async function storeAnswer(transaction: Transaction, step: Step): Promise<unknown> {
  if (step.kind === 'get') return hexOf(await transaction.get(step.key));
  if (step.kind === 'getRange') {
    const pairs = await transaction.getRange(step.range, step.options);
    return pairs.map(({ key, value }) => [hexOf(key), hexOf(value)]);
  }
  if (step.kind === 'set') return transaction.set(step.key, step.value);
  if (step.kind === 'clear') return transaction.clear(step.key);
  return transaction.clearRange(step.range);
}

function modelAnswer(model: Map<string, Uint8Array>, step: Step): unknown {
  if (step.kind === 'get') return hexOf(model.get(hexOf(step.key)));
  if (step.kind === 'getRange') return modelRange(model, step.range, step.options);
  if (step.kind === 'set') model.set(hexOf(step.key), step.value);
  if (step.kind === 'clear') model.delete(hexOf(step.key));
  if (step.kind === 'clearRange') for (const [key] of modelRange(model, step.range, {})) model.delete(key);
  return undefined;
}

function modelRange(model: Map<string, Uint8Array>, range: KeyRange, options: RangeOptions): [string, string][] {
  const keys = [...model.keys()].filter((key) => hexOf(range.begin) <= key && key < hexOf(range.end)).sort();
  if (options.reverse) keys.reverse();
  return keys.slice(0, options.limit).map((key) => [key, hexOf(model.get(key))]);
}

function hexOf(bytes: Uint8Array | undefined): string {
  return bytes === undefined ? 'nothing' : Buffer.from(bytes).toString('hex');
}

class Dice {
  #random: Random;

  constructor(random: Random) {
    this.#random = random;
  }

  /** A whole number from 0 up to, not including, `end`. */
  below(end: number): number {
    return Buffer.from(this.#random.bytes(4)).readUInt32BE() % end;
  }

  bytes(length: number): Uint8Array {
    return this.#random.bytes(length);
  }
}

function randomStep(dice: Dice): Step {
  const kind = dice.below(10);
  if (kind < 4)
    return { kind: 'set', key: randomKey(dice), value: dice.bytes(dice.below(20) === 0 ? 9_000 : dice.below(5)) };
  if (kind < 5) return { kind: 'get', key: randomKey(dice) };
  if (kind < 6) return { kind: 'clear', key: randomKey(dice) };
  if (kind < 7 && dice.below(2) === 0) return { kind: 'clearRange', range: randomRange(dice) };
  const options: RangeOptions = { reverse: dice.below(2) === 0 };
  if (dice.below(2) === 0) options.limit = dice.below(6) + 1;
  return { kind: 'getRange', range: randomRange(dice), options };
}

/** Few and near each other, with prefixes of one another and the bytes at the edges, so that steps meet. */
function randomKey(dice: Dice): Key {
  const edges = [0x00, 0x01, 0x61, 0x7f, 0x80, 0xfe, 0xff];
  const key = Uint8Array.from({ length: dice.below(3) + 1 }, () => edges[dice.below(edges.length)] ?? 0);
  if (key[0] === 0xff) key[0] = 0x61;
  return key;
}

function randomRange(dice: Dice): KeyRange {
  const bounds = [dice.below(5) === 0 ? everything.begin : randomKey(dice), randomKey(dice)];
  const [begin = everything.begin, end = everything.end] = bounds.sort(Buffer.compare);
  return { begin, end: dice.below(5) === 0 ? everything.end : end };
}
