import { systemClock } from '../../lib/base/clock.ts';
import { newId, systemRandom } from '../../lib/base/random.ts';
import { Connection } from '../../lib/client/connection.ts';
import { TerminalModel } from '../../lib/client/terminal-model.ts';
import type { TerminalScreen } from '../../lib/client/terminal-screen.ts';
import type { ClientId, OpId, SessionId, TerminalId, WorkspaceId } from '../../lib/contracts/ids.ts';
import { limits } from '../../lib/contracts/limits.ts';
import { wireEntryPath, wirePath } from '../../lib/contracts/path.ts';
import type { Terminal } from '../../lib/contracts/records.ts';
import { type TrailEntry, type TrailPage, trailPage } from '../../lib/contracts/trail.ts';

export const terminalSize = { columns: 100, rows: 30 };

/** Who a client is, and where. */
export interface Account {
  url: string;
  token: string;
  workspaceId: WorkspaceId;
  sessionId: SessionId;
}

/** Takes output, and says when it has been dealt with. */
type Write = TerminalScreen['write'];

/** A person with the product's own client: one account, one session, the API and the socket beside each other. */
export class Client {
  readonly account: Account;
  readonly connection: Connection;

  constructor(account: Account) {
    this.account = account;
    const { url, token, sessionId } = account;
    this.connection = new Connection({ url, token, sessionId, clock: systemClock, random: systemRandom });
  }

  get workspaceId(): WorkspaceId {
    return this.account.workspaceId;
  }

  static async register(url: string): Promise<Client> {
    const account = { email: `${newId(systemRandom)}@example.com`, password: 'notes on the engine', name: 'Ada' };
    const response = await fetch(`${url}/api/v2/auth/register`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(account),
    });
    if (response.status !== 201) throw new Error(`No account: ${response.status} ${await response.text()}`);
    const { token, workspace } = await response.json();
    const sessions = await fetch(`${url}/api/v2/sessions`, { headers: { authorization: `Bearer ${token}` } });
    const { sessions: [session] = [] } = await sessions.json();
    return new Client({ url, token, workspaceId: workspace.workspaceId, sessionId: session.sessionId });
  }

  /** Resolves when the socket is attached to the session. */
  live(): Promise<void> {
    const { state } = this.connection;
    return new Promise((done) => {
      const look = () => {
        if (state.get().kind !== 'live') return;
        stop();
        done();
      };
      const stop = state.subscribe(look);
      look();
    });
  }

  /** One request to the API, below the workspace. */
  api(path: string, options: RequestInit = {}): Promise<Response> {
    const { url, token } = this.account;
    const headers = { ...options.headers, authorization: `Bearer ${token}` };
    return fetch(`${url}/api/v2/workspaces/${this.workspaceId}${path}`, { ...options, headers });
  }

  put(path: string, body: string | Uint8Array<ArrayBuffer>): Promise<Response> {
    return this.api(`/files/content?path=${encodeURIComponent(path)}`, { method: 'PUT', body });
  }

  async status(): Promise<string> {
    return (await (await this.api('')).json()).status;
  }

  /** Replaces or creates a file, once; the caller mints the op. */
  write(file: { opId: OpId; path: string; text: string; baseHash?: string }) {
    const bytes = new TextEncoder().encode(file.text);
    return this.connection.request('file.write', {
      opId: file.opId,
      path: wireEntryPath.parse(file.path),
      baseHash: file.baseHash ?? 'any',
      size: bytes.byteLength,
      offset: 0,
      bytes,
    });
  }

  async makeFolders(...paths: string[]): Promise<void> {
    for (const path of paths) {
      const opId = newId<OpId>(systemRandom);
      await this.connection.persist('file.create_folder', { opId, path: wireEntryPath.parse(path) });
    }
  }

  async trailPage(query: string): Promise<TrailPage> {
    const response = await this.api(`/trail?${query}`);
    if (!response.ok) throw new Error(`No trail: ${response.status} ${await response.text()}`);
    return trailPage.parse(await response.json());
  }

  /** The whole trail, oldest first. */
  async trail(): Promise<TrailEntry[]> {
    const entries: TrailEntry[] = [];
    for (let next: number | null = 0; next !== null; ) {
      const page = await this.trailPage(`order=oldest&limit=${limits.trailPageEntriesMax}&after=${next}`);
      entries.push(...page.entries);
      next = page.next;
    }
    return entries;
  }

  /** A new shell, attached. */
  async openTerminal(write: Write = (_bytes, done) => done()): Promise<TerminalModel> {
    const terminalId = newId<TerminalId>(systemRandom);
    const params = { terminalId, cwd: wirePath.parse(''), ...terminalSize };
    // On a busy machine the connection may be between two tries just now.
    const { terminal } = await this.connection.persist('terminal.open', params);
    return this.showTerminal(terminal, write);
  }

  /** Shows a terminal: `write` gets every byte of it once, and the bytes of a screen that is drawn anew. */
  showTerminal(terminal: Terminal, write: Write): TerminalModel {
    const { connection } = this;
    const clientId = newId<ClientId>(systemRandom);
    const model = new TerminalModel({
      ...{ connection, terminal, clientId },
      clock: systemClock,
      random: systemRandom,
      openedHere: false,
    });
    const mine = (of: { terminalId: TerminalId }) => of.terminalId === terminal.terminalId;
    connection.on('terminal.data', (frame) => void (mine(frame) && model.data(frame)));
    connection.on('terminal.behind', (params) => void (mine(params) && model.behind()));
    connection.on('terminal.changed', (params) => void (mine(params.terminal) && model.changed(params.terminal)));
    model.bind({ write, resize: () => {} });
    return model;
  }

  close(): void {
    this.connection[Symbol.dispose]();
  }
}
