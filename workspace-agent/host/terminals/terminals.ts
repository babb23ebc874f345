import type { Clock } from '../../../lib/base/clock.ts';
import { CoditectError } from '../../../lib/contracts/errors.ts';
import type { SessionId, TerminalId } from '../../../lib/contracts/ids.ts';
import { limits } from '../../../lib/contracts/limits.ts';
import type { WirePath } from '../../../lib/contracts/path.ts';
import type { ResultOf } from '../../../lib/contracts/protocol/method.ts';
import type { hostTerminalMethods } from '../../../lib/contracts/protocol/terminals.ts';
import type { hostPushes } from '../../../lib/contracts/protocol/workspace.ts';
import type { Terminal as TerminalRecord } from '../../../lib/contracts/records.ts';
import type { Connection, Handlers } from '../../connection.ts';
import { Terminal, type TerminalSize } from './terminal.ts';

export interface TerminalsOptions {
  clock: Clock;
  connection: () => Pick<Connection<typeof hostPushes>, 'send' | 'request' | 'connected'>;
  shell: { file: string; args: string[]; env: Record<string, string> };
  /** A path by which a folder of the workspace can be entered until the result is disposed. */
  enter(folder: WirePath): { path: string } & Disposable;
  /** Something went wrong that nobody asked for. */
  onFault(error: unknown, what: string): void;
}

/** All terminals of a workspace, and the methods by which the gateway reaches them. */
export class Terminals {
  readonly #options: TerminalsOptions;
  readonly #terminals = new Map<TerminalId, Terminal>();
  /** Terminals whose screen the gateway does not have as it is now. */
  readonly #unsaved = new Set<TerminalId>();
  #saving = false;

  readonly handlers: Handlers<typeof hostTerminalMethods> = {
    'terminal.list': () => ({ terminals: this.records() }),
    'terminal.open': (params) => ({ terminal: this.#open(params) }),
    'terminal.attach': ({ terminalId, offset }) => this.#attach(terminalId, offset),
    'terminal.input': (params) => ({ seq: this.#get(params.terminalId).input(params) }),
    'terminal.close': ({ terminalId }) => this.#close(terminalId),
    'terminal.resize': ({ terminalId, columns, rows }) => this.#terminals.get(terminalId)?.resize({ columns, rows }),
    'terminal.credit': ({ terminalId, offset, live }) => this.#terminals.get(terminalId)?.credit({ offset, live }),
  };

  constructor(options: TerminalsOptions) {
    this.#options = options;
  }

  records(): TerminalRecord[] {
    return [...this.#terminals.values()].map((terminal) => terminal.record);
  }

  /** Whether a program runs in any of them beside the shell. */
  async isBusy(): Promise<boolean> {
    const busy = await Promise.all([...this.#terminals.values()].map((terminal) => terminal.isBusy()));
    return busy.includes(true);
  }

  /** The gateway is there (again): it is sent the screens that it missed. */
  onConnected(): void {
    void this.#saveScreens();
  }

  onDisconnected(): void {
    for (const terminal of this.#terminals.values()) terminal.detach();
  }

  async closeAll(): Promise<void> {
    await Promise.all([...this.#terminals.keys()].map((terminalId) => this.#close(terminalId)));
  }

  #open(params: { terminalId: TerminalId; sessionId: SessionId; cwd: WirePath } & TerminalSize): TerminalRecord {
    const { terminalId, sessionId } = params;
    const known = this.#terminals.get(terminalId);
    if (known && known.record.sessionId !== sessionId)
      throw new CoditectError('conflict', 'This terminal belongs to another session');
    if (known) return known.record;
    if (this.#terminals.size >= limits.terminalsMax)
      throw new CoditectError('conflict', `There are ${limits.terminalsMax} terminals already; close one first`);
    const terminal = this.#start(params);
    this.#terminals.set(terminalId, terminal);
    return terminal.record;
  }

  #start({ cwd, ...params }: { terminalId: TerminalId; sessionId: SessionId; cwd: WirePath } & TerminalSize): Terminal {
    const { terminalId } = params;
    const { clock, shell, enter, connection } = this.#options;
    const folder = enter(cwd);
    try {
      return new Terminal({
        ...params,
        ...shell,
        cwd: folder.path,
        clock,
        send: (frame) => void connection().send('terminal.data', { terminalId, ...frame }),
        changed: () => this.#tell(terminalId),
        rested: () => {
          this.#unsaved.add(terminalId);
          void this.#saveScreens();
        },
      });
    } catch (cause) {
      throw new CoditectError('conflict', 'The workspace cannot start another terminal', { cause });
    } finally {
      folder[Symbol.dispose]();
    }
  }

  #attach(terminalId: TerminalId, offset: number | null): ResultOf<(typeof hostTerminalMethods)['terminal.attach']> {
    const terminal = this.#get(terminalId);
    return { restore: terminal.attach(offset), terminal: terminal.record };
  }

  async #close(terminalId: TerminalId): Promise<Record<string, never>> {
    const terminal = this.#terminals.get(terminalId);
    this.#terminals.delete(terminalId);
    this.#unsaved.delete(terminalId);
    await terminal?.close();
    return {};
  }

  #get(terminalId: TerminalId): Terminal {
    const terminal = this.#terminals.get(terminalId);
    if (!terminal) throw new CoditectError('not_found', 'There is no such terminal');
    return terminal;
  }

  #tell(terminalId: TerminalId): void {
    const terminal = this.#terminals.get(terminalId);
    if (terminal) this.#options.connection().send('terminal.changed', { terminal: terminal.record });
  }

  async #saveScreens(): Promise<void> {
    if (this.#saving) return;
    this.#saving = true;
    try {
      // What is added meanwhile is met by the same walk: a set's iterator sees it.
      for (const terminalId of this.#unsaved) {
        if (!this.#options.connection().connected) return;
        this.#unsaved.delete(terminalId);
        await this.#saveScreen(terminalId);
      }
    } finally {
      this.#saving = false;
    }
  }

  async #saveScreen(terminalId: TerminalId): Promise<void> {
    const terminal = this.#terminals.get(terminalId);
    if (!terminal) return;
    const { record } = terminal;
    const bytes = terminal.draw(limits.terminalSnapshotScrollbackLinesMax);
    try {
      const snapshot = { terminal: record, sessionId: record.sessionId, terminalId, bytes };
      await this.#options.connection().request('terminal.snapshot', snapshot);
    } catch (error) {
      const lost = error instanceof CoditectError && error.code === 'workspace_unavailable';
      if (lost && this.#terminals.has(terminalId)) this.#unsaved.add(terminalId);
      if (!lost) this.#options.onFault(error, 'The screen of a terminal was not stored');
    }
  }
}
