import { Emitter } from '../../../lib/base/emitter.ts';
import { CoditectError } from '../../../lib/contracts/errors.ts';
import type { SpoolId, TenantId, WorkspaceId } from '../../../lib/contracts/ids.ts';
import type { Caller } from '../../../lib/contracts/services/accounts.ts';
import type { TrailService } from '../../../lib/contracts/services/trail.ts';
import type { TrailEntry, TrailPage, TrailQuery } from '../../../lib/contracts/trail.ts';
import { keyspace } from '../../store/keyspace.ts';
import type { ServiceContext } from '../context.ts';
import { owned } from '../workspaces.ts';
import { type Appended, appendBatch, type Batch, readHead } from './append.ts';
import type { OpPlace } from './ops.ts';
import { readPage } from './read.ts';

interface Append extends OpPlace {
  entries: TrailEntry[];
  completeTo: number;
}

/** The ordered record of each workspace. See {@link TrailService} for what pages may call. */
export class Trail implements TrailService {
  #context: ServiceContext;
  #appended = new Emitter<Append>();

  constructor(context: ServiceContext) {
    this.#context = context;
  }

  read(caller: Caller, workspaceId: WorkspaceId, query: TrailQuery): Promise<TrailPage> {
    return this.#context.store.transact(async (transaction) => {
      await owned(transaction, caller, workspaceId);
      return readPage(transaction, { tenantId: caller.tenantId, workspaceId }, query);
    });
  }

  onAppended(listener: (append: Append) => void): Disposable {
    return this.#appended.on(listener);
  }

  /** The last sequence stored of a spool; 0 for one that was never heard of. */
  async storedSeq(place: OpPlace, spool: SpoolId): Promise<number> {
    const head = await this.#context.store.transact((transaction) => readHead(transaction, place));
    return head.spool?.id === spool ? head.spool.seq : 0;
  }

  /**
   * Stores a monitor's batch durably, then tells the listeners. Answers with the last sequence stored of its spool.
   * `connection` fences: a monitor that was replaced writes nothing more.
   * @throws CoditectError `conflict` when fenced, or when the batch begins beyond what is stored.
   */
  async append(place: OpPlace & { connection: number }, batch: Batch): Promise<number> {
    for (;;) {
      const { spoolSeq, done } = await this.#appendPart(place, batch);
      if (done) return spoolSeq;
    }
  }

  async #appendPart(place: OpPlace & { connection: number }, batch: Batch) {
    const { store, clock } = this.#context;
    const now = clock.now();
    let before: (Appended & { chain: string; done: boolean }) | undefined;
    const result = await store.transact(async (transaction) => {
      await this.#fence(transaction, place);
      // Run again after a commit of unknown outcome that did happen: it must still be told.
      if (before && before.entries.length > 0 && (await readHead(transaction, place)).chain === before.chain)
        return before;
      const { head, ...appended } = await appendBatch(transaction, place, { batch, now });
      before = { ...appended, chain: head.chain };
      return appended;
    });
    const { entries, completeTo } = result;
    if (entries.length > 0)
      this.#appended.emit({ tenantId: place.tenantId, workspaceId: place.workspaceId, entries, completeTo });
    return result;
  }

  async #fence(transaction: Parameters<typeof readHead>[0], place: OpPlace & { connection: number }): Promise<void> {
    const current = await keyspace.connection.get(
      transaction,
      place.tenantId as TenantId,
      place.workspaceId,
      'monitor',
    );
    if (current !== place.connection) throw new CoditectError('conflict', 'A newer connection has taken over.');
  }
}
