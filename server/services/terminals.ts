import { CoditectError } from '../../lib/contracts/errors.ts';
import type { SessionId, TerminalId } from '../../lib/contracts/ids.ts';
import { limits } from '../../lib/contracts/limits.ts';
import type { Terminal } from '../../lib/contracts/records.ts';
import { keyspace, storedChunkBytesMax } from '../store/keyspace.ts';
import type { Transaction } from '../store/store.ts';
import type { ServiceContext } from './context.ts';
import type { OpPlace as Place } from './trail/ops.ts';

/** Bytes a chunk holds, so that its base64 and the quotes fit a value. */
const chunkBytes = Math.floor((storedChunkBytesMax * 3) / 4) - 1_000;

/** What is kept of terminals beside the host that runs them: their record and last screen, for when it is gone. */
export class Terminals {
  #context: ServiceContext;

  constructor(context: ServiceContext) {
    this.#context = context;
  }

  /** The terminals of a session, oldest first. */
  async list(place: Place, sessionId: SessionId): Promise<Terminal[]> {
    const all = await this.#context.store.transact((transaction) => listAll(transaction, place));
    return all.filter((one) => one.sessionId === sessionId).sort((a, b) => a.startedAt - b.startedAt);
  }

  /** @throws CoditectError `not_found` for a terminal of another session as for none. */
  async get(place: Place, of: { terminalId: TerminalId; sessionId: SessionId }): Promise<Terminal> {
    const found = await this.#context.store.transact((transaction) =>
      keyspace.terminal.get(transaction, place.tenantId, place.workspaceId, of.terminalId),
    );
    if (found?.sessionId === of.sessionId) return found;
    throw new CoditectError('not_found', 'There is no such terminal.');
  }

  /**
   * Makes room for a terminal before the host is asked for it. Answers with what is known of it already, from a retry.
   * @throws CoditectError `conflict` when the workspace has its limit of terminals, or the id is another session's.
   */
  async reserve(place: Place, record: Terminal): Promise<Terminal | undefined> {
    return this.#context.store.transact(async (transaction) => {
      const all = await listAll(transaction, place);
      const known = all.find(({ terminalId }) => terminalId === record.terminalId);
      if (known && known.sessionId !== record.sessionId)
        throw new CoditectError('conflict', 'The terminal belongs to another session.');
      if (known) return known;
      if (all.filter(({ state }) => state.kind === 'running').length >= limits.terminalsMax)
        throw new CoditectError(
          'conflict',
          `A workspace may have ${limits.terminalsMax} terminals at once. Close one first.`,
        );
      // Ended terminals nobody closed make room for new ones, oldest first.
      const ended = all.filter(({ state }) => state.kind !== 'running').sort((a, b) => a.startedAt - b.startedAt);
      for (const old of ended.slice(0, Math.max(0, ended.length + 1 - limits.terminalsMax)))
        clear(transaction, place, old.terminalId);
      keyspace.terminal.set(transaction, record, place.tenantId, place.workspaceId, record.terminalId);
      return undefined;
    });
  }

  /** Takes the host's word about a terminal; answers with its record, or undefined for one nobody opened or that was closed. */
  async update(place: Place, record: Terminal): Promise<Terminal | undefined> {
    return this.#context.store.transact((transaction) => setKnown(transaction, place, record));
  }

  async saveScreen(place: Place, record: Terminal, bytes: Uint8Array): Promise<void> {
    const { tenantId, workspaceId } = place;
    const text = Buffer.from(bytes);
    await this.#context.store.transact(async (transaction) => {
      // Closed meanwhile, or never opened through us: nothing to keep a screen for.
      if (!(await setKnown(transaction, place, record))) return;
      transaction.clearRange(keyspace.terminalScreen.range(tenantId, workspaceId, record.terminalId));
      for (let chunk = 0; chunk * chunkBytes < text.length; chunk += 1) {
        const part = text.subarray(chunk * chunkBytes, (chunk + 1) * chunkBytes).toString('base64');
        keyspace.terminalScreen.set(transaction, part, tenantId, workspaceId, record.terminalId, chunk);
      }
    });
  }

  /** The last stored screen; empty when there is none. */
  async screen(place: Place, terminalId: TerminalId): Promise<Uint8Array> {
    const chunks = await this.#context.store.transact((transaction) =>
      keyspace.terminalScreen.list(
        transaction,
        keyspace.terminalScreen.range(place.tenantId, place.workspaceId, terminalId),
      ),
    );
    return Buffer.concat(chunks.map((chunk) => Buffer.from(chunk, 'base64')));
  }

  async remove(place: Place, terminalId: TerminalId): Promise<void> {
    await this.#context.store.transact(async (transaction) => clear(transaction, place, terminalId));
  }

  /**
   * Takes a host's word for what runs: a terminal that was running and is not among `live` is lost. Answers with the
   * records of both, as they are now.
   */
  async reconcile(place: Place, live: readonly Terminal[]): Promise<Terminal[]> {
    const at = this.#context.clock.now();
    return this.#context.store.transact(async (transaction) => {
      const alive = new Map(live.map((one) => [one.terminalId, one]));
      const changed: Terminal[] = [];
      for (const known of await listAll(transaction, place)) {
        const now = alive.get(known.terminalId);
        if (now && now.sessionId === known.sessionId) {
          keyspace.terminal.set(transaction, now, place.tenantId, place.workspaceId, known.terminalId);
          changed.push(now);
        } else if (known.state.kind === 'running') {
          const gone: Terminal = { ...known, state: { kind: 'lost', at } };
          keyspace.terminal.set(transaction, gone, place.tenantId, place.workspaceId, known.terminalId);
          changed.push(gone);
        }
      }
      return changed;
    });
  }
}

function listAll(transaction: Transaction, place: Place): Promise<Terminal[]> {
  return keyspace.terminal.list(transaction, keyspace.terminal.range(place.tenantId, place.workspaceId));
}

/** Overwrites a known record. What has ended stays so: word of it may arrive before older word does. */
async function setKnown(transaction: Transaction, place: Place, record: Terminal): Promise<Terminal | undefined> {
  const { tenantId, workspaceId } = place;
  const known = await keyspace.terminal.get(transaction, tenantId, workspaceId, record.terminalId);
  if (known?.sessionId !== record.sessionId) return undefined;
  const next: Terminal = known.state.kind === 'running' ? record : { ...record, state: known.state };
  keyspace.terminal.set(transaction, next, tenantId, workspaceId, record.terminalId);
  return next;
}

function clear(transaction: Transaction, place: Place, terminalId: TerminalId): void {
  keyspace.terminal.clear(transaction, place.tenantId, place.workspaceId, terminalId);
  transaction.clearRange(keyspace.terminalScreen.range(place.tenantId, place.workspaceId, terminalId));
}
