import type { Clock } from '../base/clock.ts';
import { Disposables } from '../base/disposables.ts';
import { newId, type Random } from '../base/random.ts';
import type { ClientId, TerminalId } from '../contracts/ids.ts';
import { rootPath } from '../contracts/path.ts';
import type { Terminal } from '../contracts/records.ts';
import type { Connection } from './connection.ts';
import { Observable, type Readable } from './observable.ts';
import { TerminalModel, type TerminalSize } from './terminal-model.ts';

export interface TerminalTabs {
  order: readonly TerminalModel[];
  active: TerminalModel | null;
  /** Whether the gateway has told which there are. */
  known: boolean;
}

/** The terminals of a session. */
export class Terminals implements Disposable {
  readonly #options: { connection: Connection; clock: Clock; random: Random };
  readonly #clientId: ClientId;
  readonly #tabs = new Observable<TerminalTabs>({ order: [], active: null, known: false });
  readonly #ending = new Disposables();
  /** The active terminal as the session remembers it, until the terminals are known. */
  #wanted: TerminalId | null = null;

  constructor(options: { connection: Connection; clock: Clock; random: Random }) {
    this.#options = options;
    this.#clientId = newId<ClientId>(options.random);
    const { connection } = options;
    this.#ending.add(connection.onAttached(({ terminals }) => this.#known(terminals)));
    this.#ending.add(connection.on('terminal.changed', ({ terminal }) => this.#changed(terminal)));
    this.#ending.add(connection.on('terminal.closed', ({ terminalId }) => this.#closed(terminalId)));
    this.#ending.add(connection.on('terminal.data', (frame) => this.find(frame.terminalId)?.data(frame)));
    this.#ending.add(connection.on('terminal.behind', ({ terminalId }) => this.find(terminalId)?.behind()));
  }

  get tabs(): Readable<TerminalTabs> {
    return this.#tabs;
  }

  find(terminalId: TerminalId): TerminalModel | undefined {
    return this.#tabs.get().order.find((terminal) => terminal.terminalId === terminalId);
  }

  /** Which terminal to show first once they are known. */
  remember(terminalId: TerminalId | null): void {
    this.#wanted = terminalId;
  }

  /** Starts a shell and shows it. @throws CoditectError what the workspace answers, e.g. that there are too many. */
  async open(size: TerminalSize): Promise<TerminalModel> {
    const terminalId = newId<TerminalId>(this.#options.random);
    const { terminal } = await this.#options.connection.persist('terminal.open', {
      terminalId,
      ...size,
      cwd: rootPath,
    });
    const model = this.find(terminalId) ?? this.#add(terminal, true);
    this.activate(model);
    return model;
  }

  /** Ends a terminal's processes and takes its tab away. */
  async close(model: TerminalModel): Promise<void> {
    await this.#options.connection.persist('terminal.close', { terminalId: model.terminalId });
    this.#closed(model.terminalId);
  }

  activate(model: TerminalModel): void {
    this.#tabs.update((tabs) => ({ ...tabs, active: model }));
  }

  [Symbol.dispose](): void {
    this.#ending[Symbol.dispose]();
    for (const model of this.#tabs.get().order) model[Symbol.dispose]();
  }

  #known(terminals: readonly Terminal[]): void {
    const there = new Set(terminals.map((terminal) => terminal.terminalId));
    for (const model of this.#tabs.get().order) if (!there.has(model.terminalId)) this.#closed(model.terminalId);
    for (const terminal of terminals) this.#changed(terminal);
    const { order, active } = this.#tabs.get();
    const wanted = order.find((model) => model.terminalId === this.#wanted);
    this.#tabs.set({ order, active: active ?? wanted ?? order[0] ?? null, known: true });
  }

  #changed(terminal: Terminal): void {
    const model = this.find(terminal.terminalId);
    if (model) model.changed(terminal);
    else this.#add(terminal, false);
  }

  #closed(terminalId: TerminalId): void {
    const model = this.find(terminalId);
    if (!model) return;
    this.#tabs.update(({ order, active, known }) => {
      const rest = order.filter((other) => other !== model);
      const next = rest[Math.min(order.indexOf(model), rest.length - 1)] ?? null;
      return { order: rest, active: active === model ? next : active, known };
    });
    model[Symbol.dispose]();
  }

  #add(terminal: Terminal, openedHere: boolean): TerminalModel {
    const model = new TerminalModel({ ...this.#options, clientId: this.#clientId, terminal, openedHere });
    this.#tabs.update((tabs) => ({ ...tabs, order: [...tabs.order, model] }));
    return model;
  }
}
