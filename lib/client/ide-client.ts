import type { Clock } from '../base/clock.ts';
import { Disposables } from '../base/disposables.ts';
import type { Random } from '../base/random.ts';
import type { MonitorStatus, Session, Workspace } from '../contracts/records.ts';
import { Activity } from './activity.ts';
import { type Attachment, Connection } from './connection.ts';
import { Documents } from './documents.ts';
import type { Journal } from './journal.ts';
import { type Layout, readLayout, writeLayout } from './layout.ts';
import { Observable, type Readable } from './observable.ts';
import { SessionSaver } from './session-saver.ts';
import { Terminals } from './terminals.ts';
import type { TextBuffers } from './text-buffer.ts';
import { FileTree } from './tree.ts';

export interface IdeClientOptions {
  url?: string;
  session: Session;
  workspace: Workspace;
  journal: Journal;
  buffers: () => Promise<TextBuffers>;
  clock: Clock;
  random: Random;
}

/** Everything behind one IDE page: the connection and the models on it. Made once per session, ended with the page. */
export class IdeClient implements Disposable {
  readonly connection: Connection;
  readonly documents: Documents;
  readonly tree: FileTree;
  readonly activity: Activity;
  readonly terminals: Terminals;
  readonly #session: Observable<Session>;
  readonly #workspace: Observable<Workspace>;
  readonly #monitor = new Observable<MonitorStatus | null>(null);
  readonly #layout: Observable<Layout>;
  readonly #saver: SessionSaver;
  readonly #ending = new Disposables();

  constructor(options: IdeClientOptions) {
    const { session, clock, random } = options;
    const url = options.url === undefined ? {} : { url: options.url };
    const connection = new Connection({ ...url, sessionId: session.sessionId, clock, random });
    this.connection = this.#ending.add(connection);
    this.#session = new Observable(session);
    this.#workspace = new Observable(options.workspace);
    this.#layout = new Observable(readLayout(session.layout));
    this.tree = this.#ending.add(new FileTree({ connection, random }));
    this.activity = this.#ending.add(new Activity(connection));
    this.terminals = this.#ending.add(new Terminals({ connection, clock, random }));
    this.terminals.remember(this.#layout.get().activeTerminal);
    this.documents = this.#ending.add(new Documents({ ...options, connection, sessionId: session.sessionId }));
    this.#saver = this.#ending.add(new SessionSaver({ connection, clock, snapshot: () => this.#remembered() }));
    this.#listen();
    void this.documents.restore(session.files).then(() => this.#rememberChanges());
  }

  get session(): Readable<Session> {
    return this.#session;
  }

  get workspace(): Readable<Workspace> {
    return this.#workspace;
  }

  /** Null until the first attachment. */
  get monitor(): Readable<MonitorStatus | null> {
    return this.#monitor;
  }

  get layout(): Readable<Layout> {
    return this.#layout;
  }

  arrange(change: Partial<Layout>): void {
    this.#layout.update((layout) => ({ ...layout, ...change }));
  }

  /** The cursor moved, or the like: stored with the session soon. */
  remember(): void {
    this.#saver.changed();
  }

  /** @throws CoditectError what the gateway answers. */
  async startWorkspace(): Promise<void> {
    const { workspace } = await this.connection.persist('workspace.start', {});
    this.#workspace.set(workspace);
  }

  async stopWorkspace(): Promise<void> {
    const { workspace } = await this.connection.persist('workspace.stop', {});
    this.#workspace.set(workspace);
  }

  async renameSession(name: string): Promise<void> {
    const { session } = await this.connection.persist('session.change', { name });
    this.#session.set(session);
  }

  [Symbol.dispose](): void {
    void this.#saver.flush();
    this.#ending[Symbol.dispose]();
  }

  #listen(): void {
    const { connection } = this;
    this.#ending.add(connection.onAttached((attachment) => this.#attached(attachment)));
    this.#ending.add(connection.on('session.changed', ({ session }) => this.#session.set(session)));
    this.#ending.add(connection.on('workspace.changed', ({ workspace }) => this.#workspaceChanged(workspace)));
    this.#ending.add(connection.on('monitor.changed', ({ monitor }) => this.#monitor.set(monitor)));
    this.#ending.add(
      connection.on('trail.appended', ({ entries }) => {
        this.tree.apply(entries);
        this.documents.apply(entries);
      }),
    );
  }

  #attached({ session, workspace, monitor }: Attachment): void {
    this.#session.set(session);
    this.#workspace.set(workspace);
    this.#monitor.set(monitor);
  }

  #workspaceChanged(workspace: Workspace): void {
    const before = this.#workspace.get();
    this.#workspace.set(workspace);
    if (workspace.status === 'running' && before.status !== 'running') this.tree.refresh();
  }

  #rememberChanges(): void {
    const changed = () => this.#saver.changed();
    this.#ending.defer(this.documents.tabs.subscribe(changed));
    this.#ending.defer(this.terminals.tabs.subscribe(changed));
    this.#ending.defer(this.#layout.subscribe(changed));
  }

  #remembered() {
    const { active, known } = this.terminals.tabs.get();
    const layout = this.#layout.get();
    const activeTerminal = known ? (active?.terminalId ?? null) : layout.activeTerminal;
    return { files: this.documents.snapshot(), layout: writeLayout({ ...layout, activeTerminal }) };
  }
}
