import { afterEach, beforeEach, describe } from 'vitest';
import { type Clock, ManualClock } from '../../lib/base/clock.ts';
import { conflictsContract } from './contract/conflicts.ts';
import { endsContract } from './contract/ends.ts';
import { historyContract } from './contract/history.ts';
import { limitsContract } from './contract/limits.ts';
import { rangesContract } from './contract/ranges.ts';
import { readSetsContract } from './contract/read-sets.ts';
import { readsContract } from './contract/reads.ts';
import { serialisableContract } from './contract/serialisable.ts';
import { bytes, everyKey, type StoreSubject, text } from './contract/subject.ts';
import { watchesContract } from './contract/watches.ts';
import type { Store } from './store.ts';

export interface OpenedStore {
  store: Store;
  /** Opens it again after it was closed, for stores that outlive their closing. */
  reopen?: () => Promise<Store>;
  /** Closes what is open and leaves nothing behind. */
  dispose: () => Promise<void>;
}

export interface DriverOptions {
  /** Whether bodies run again without a conflict, as the chaos store's do. */
  repeatsBodies?: boolean;
}

const parts: Record<string, (subject: StoreSubject) => void> = {
  reads: readsContract,
  ranges: rangesContract,
  serialisability: serialisableContract,
  'read sets': readSetsContract,
  conflicts: conflictsContract,
  ends: endsContract,
  limits: limitsContract,
  watches: watchesContract,
  history: historyContract,
};

/** The rules of `SPEC.md` that hold for every driver. */
export function storeContract(
  name: string,
  open: (clock: Clock) => Promise<OpenedStore>,
  { repeatsBodies = false }: DriverOptions = {},
): void {
  describe(`store: ${name}`, () => {
    let opened: OpenedStore;
    let clock: ManualClock;

    beforeEach(async () => {
      clock = new ManualClock();
      opened = await open(clock);
    });
    afterEach(() => opened.dispose());

    const subject: StoreSubject = {
      store: () => opened.store,
      async reopen() {
        if (!opened.reopen) return false;
        opened.store = await opened.reopen();
        return true;
      },
      clock: () => clock,
      repeatsBodies,
      read: (key) => opened.store.transact(async (transaction) => text(await transaction.get(key))),
      write: (key, value) => opened.store.transact(async (transaction) => transaction.set(key, bytes(value))),
      async list(options, range = everyKey) {
        const pairs = await opened.store.transact((transaction) => transaction.getRange(range, options));
        return pairs.map(({ key, value }) => `${text(key)}=${text(value)}`);
      },
    };
    for (const [part, contract] of Object.entries(parts)) describe(part, () => contract(subject));
  });
}
