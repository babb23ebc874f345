/** A process that writes, for the tests that kill it or limit it. Arguments: folder, mode, round. */
import { isCoditectError } from '../../lib/contracts/errors.ts';
import { openLmdbStore } from './lmdb.ts';
import type { Store } from './store.ts';
import { pack, rangeOf } from './tuple.ts';

const [folder = '', mode = '', round = ''] = process.argv.slice(2);
const say = (line: string) => process.stdout.write(`${line}\n`);

/** Each transaction writes a pair; its id is said once it is durable. */
async function endless(store: Store): Promise<void> {
  const writer = async (name: number) => {
    for (let count = 0; ; count += 1) {
      await store.transact(async (transaction) => {
        transaction.set(pack(['entry', Number(round), name, count]), new Uint8Array(200));
        transaction.set(pack(['index', Number(round), name, count]), new Uint8Array());
      });
      say(`${round} ${name} ${count}`);
    }
  };
  await Promise.all(Array.from({ length: 8 }, (_, name) => writer(name)));
}

const valuesPerTransaction = 9;

async function untilFull(store: Store): Promise<void> {
  try {
    for (let id = 0; ; id += 1) {
      await store.transact(async (transaction) => {
        for (let part = 0; part < valuesPerTransaction; part += 1) {
          transaction.set(pack(['large', id, part]), new Uint8Array(100_000).fill(id));
        }
      });
    }
  } catch (error) {
    say(isCoditectError(error) ? error.code : String(error));
  }
  const pairs = await store.transact((transaction) => transaction.getRange(rangeOf(['large'])));
  say(`whole transactions: ${pairs.length > 0 && pairs.length % valuesPerTransaction === 0}`);
  await store.transact(async (transaction) => transaction.set(pack(['small']), Uint8Array.of(1)));
  say(`small transaction: ${await smallOf(store)}`);
  await store.close();
  const again = await openLmdbStore({ folder });
  say(`reopened: ${await smallOf(again)}`);
  await again.close();
}

async function smallOf(store: Store): Promise<string> {
  const value = await store.transact((transaction) => transaction.get(pack(['small'])));
  return value?.[0] === 1 ? 'stored' : 'lost';
}

try {
  const store = await openLmdbStore({ folder });
  await (mode === 'endless' ? endless(store) : untilFull(store));
} catch (error) {
  say(`refused ${isCoditectError(error) ? error.code : String(error)}`);
}
