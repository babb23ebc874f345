import { Disposables } from '../../lib/base/disposables.ts';
import { CoditectError, isCoditectError, parse, toProblem } from '../../lib/contracts/errors.ts';
import type { LoginId, SessionId, UserId } from '../../lib/contracts/ids.ts';
import { limits } from '../../lib/contracts/limits.ts';
import { browserMethods, trailPushEntriesMax } from '../../lib/contracts/protocol/browser.ts';
import { agreedVersion, handshake } from '../../lib/contracts/protocol/method.ts';
import type { Caller } from '../../lib/contracts/services/accounts.ts';
import type { OpPlace } from '../services/trail/ops.ts';
import type { BrowserDependencies } from './browser-dependencies.ts';
import { type BrowserConnection, browserHandlers, sessionRoom, workspaceRoom } from './browser-handlers.ts';
import { serve } from './dispatch.ts';
import type { BrowserServer, BrowserSocket } from './sockets.ts';
import { TerminalRelay } from './terminal-relay.ts';
import type { WorkspaceSide } from './workspace-side.ts';

const sweepMs = 15_000;

/** The browsers' side of the gateway: who may connect, what each hears of, and when it ends. */
export class BrowserSide implements Disposable {
  readonly relay: TerminalRelay;
  #to: BrowserDependencies;
  #connections = new Set<BrowserConnection>();
  #subscriptions = new Disposables();
  #sweep: Disposable | undefined;

  constructor(dependencies: BrowserDependencies) {
    this.#to = dependencies;
    this.relay = new TerminalRelay((workspaceId, credit) =>
      dependencies.workspaceSide.emit(workspaceId, 'terminal.credit', credit),
    );
  }

  serve(io: BrowserServer): void {
    io.use((socket, next) => {
      this.#enter(socket).then(
        () => next(),
        (error: unknown) => {
          if (!isCoditectError(error)) this.#to.context.logger.error({ error }, 'a browser could not be let in');
          const problem = toProblem(error);
          next(Object.assign(new Error(problem.code), { data: problem }));
        },
      );
    });
    io.on('connection', (socket) => void this.#connected(socket));
    this.#publish(io);
    this.#sweepLater();
    this.#subscriptions.defer(() => this.#sweep?.[Symbol.dispose]());
  }

  /** Ends what it listens to; its sockets are closed with their server. */
  [Symbol.dispose](): void {
    this.#subscriptions[Symbol.dispose]();
  }

  /** For `allowRequest`: a page of another site gets no WebSocket, whatever cookie it brings. */
  allowed(headers: {
    origin?: string | undefined;
    host?: string | undefined;
    authorization?: string | undefined;
  }): boolean {
    // Programs have no Origin and bring a token in the handshake; a browser always sends one.
    return headers.origin === undefined || this.#to.originAllowed({ origin: headers.origin, host: headers.host });
  }

  counts(): { browsers: number } {
    return { browsers: this.#connections.size };
  }

  async #enter(socket: BrowserSocket): Promise<void> {
    const { accounts, cookieToken } = this.#to;
    const { token, protocol } = parse(handshake, socket.handshake.auth);
    const agreed = agreedVersion(protocol);
    if (agreed === undefined)
      throw new CoditectError('protocol_mismatch', 'This page is of another version than the server. Reload it.');
    const { origin, cookie } = socket.handshake.headers;
    // The cookie counts only together with an Origin that was checked.
    const credential = token ?? (origin === undefined ? undefined : cookieToken(cookie));
    if (credential === undefined) throw new CoditectError('unauthenticated', 'Sign in to connect.');
    const caller = await accounts.authenticate(credential);
    const loginEndsAt = await accounts.loginEndsAt(caller);
    if (loginEndsAt === undefined) throw new CoditectError('unauthenticated', 'This login has ended. Sign in again.');
    if (this.#countOf(caller.userId) >= limits.browserConnectionsPerUserMax)
      throw new CoditectError('rate_limited', 'Too many tabs are connected. Close one.', { retryAfterMs: 10_000 });
    const connection: BrowserConnection = {
      socket,
      caller,
      loginEndsAt,
      agreed,
      ended: false,
      attachment: null,
      changing: 0,
    };
    socket.data = connection;
    // Counted from here on, so that a login revoked during the handshake is not missed.
    this.#connections.add(connection);
    socket.conn.once('close', () => this.#gone(connection));
  }

  async #connected(socket: BrowserSocket): Promise<void> {
    const { context, accounts, version } = this.#to;
    const connection = socket.data as BrowserConnection;
    if (connection.ended) return void socket.disconnect(true);
    serve(socket, {
      table: browserMethods,
      handlers: browserHandlers({ ...this.#to, relay: this.relay }, connection),
      authorise: () => this.#authorise(connection),
      eventsPerSecondMax: limits.socketEventsPerSecondMax,
      clock: context.clock,
      logger: context.logger,
    });
    socket.on('disconnect', () => this.#gone(connection));
    try {
      const user = await accounts.me(connection.caller);
      socket.emit('welcome', { protocol: connection.agreed, user, serverTime: context.clock.now(), version });
    } catch {
      this.#end(connection, 'revoked');
    }
  }

  #authorise(connection: BrowserConnection): void {
    if (connection.ended || connection.loginEndsAt <= this.#to.context.clock.now())
      throw new CoditectError('unauthenticated', 'This login has ended. Sign in again.');
  }

  #countOf(userId: UserId): number {
    return [...this.#connections].filter(({ caller }: { caller: Caller }) => caller.userId === userId).length;
  }

  #gone(connection: BrowserConnection): void {
    if (!this.#connections.delete(connection)) return;
    connection.ended = true;
    this.relay.detachAll(connection.socket);
    if (connection.attachment) this.#to.presence.leave(connection.attachment.sessionId);
    connection.attachment = null;
  }

  #end(connection: BrowserConnection, reason: 'revoked' | 'expired'): void {
    connection.ended = true;
    connection.socket.emit('login.ended', { reason });
    connection.socket.disconnect(true);
    this.#gone(connection);
  }

  /** Sockets live as long as their login: what expires by itself is ended here, what is revoked at once. */
  #sweepLater(): void {
    const { clock } = this.#to.context;
    this.#sweep = clock.after(sweepMs, () => {
      for (const connection of [...this.#connections])
        if (connection.loginEndsAt <= clock.now()) this.#end(connection, 'expired');
      this.#sweepLater();
    });
  }

  /** Live updates, from the services to the rooms. */
  #publish(io: BrowserServer): void {
    const { sessions, workspaces, trail, revocations, workspaceSide } = this.#to;
    const subscriptions = [
      revocations.revoked.on((loginId: LoginId) => {
        for (const connection of [...this.#connections])
          if (connection.caller.loginId === loginId) this.#end(connection, 'revoked');
      }),
      workspaces.onChanged(({ tenantId, workspace }) => {
        io.to(workspaceRoom(workspace.workspaceId)).emit('workspace.changed', { workspace });
        if (workspace.status === 'stopped') this.#loseTerminals(io, { tenantId, workspaceId: workspace.workspaceId });
      }),
      sessions.onChanged((session) => {
        if (session.status === 'terminated') this.#endTerminals(session);
        for (const { attachment, socket, changing } of this.#connections)
          if (attachment?.sessionId === session.sessionId && changing === 0)
            socket.emit('session.changed', { session });
      }),
      trail.onAppended(({ workspaceId, entries, completeTo }) =>
        io
          .to(workspaceRoom(workspaceId))
          .emit('trail.appended', { entries: entries.slice(-trailPushEntriesMax), completeTo }),
      ),
      workspaceSide.monitorChanged.on(({ workspaceId, monitor }) =>
        io.to(workspaceRoom(workspaceId)).emit('monitor.changed', { monitor }),
      ),
      workspaceSide.terminalChanged.on(({ workspaceId, terminal }) =>
        io.to(sessionRoom(workspaceId, terminal.sessionId)).emit('terminal.changed', { terminal }),
      ),
      workspaceSide.terminalData.on(({ workspaceId, data }) => this.relay.data(workspaceId, data)),
      workspaceSide.onChanged(({ workspaceId, role, connected }) => {
        if (role === 'host' && connected) this.relay.refresh(workspaceId);
      }),
    ];
    for (const subscription of subscriptions) this.#subscriptions.add(subscription);
  }

  /** A stopped workspace runs nothing: its terminals show their last screen from now on. */
  #loseTerminals(io: BrowserServer, place: OpPlace): void {
    const { terminals, context } = this.#to;
    terminals.reconcile(place, []).then(
      (lost) => {
        for (const terminal of lost)
          io.to(sessionRoom(place.workspaceId, terminal.sessionId)).emit('terminal.changed', { terminal });
      },
      (error: unknown) => context.logger.error({ error }, 'the terminals of a stopped workspace could not be marked'),
    );
  }

  #endTerminals(session: {
    sessionId: SessionId;
    tenantId: Caller['tenantId'];
    workspaceId: Parameters<WorkspaceSide['connected']>[0];
  }): void {
    const { terminals, workspaceSide, context } = this.#to;
    const end = async () => {
      for (const { terminalId } of await terminals.list(session, session.sessionId)) {
        await workspaceSide.request(session.workspaceId, 'terminal.close', { terminalId }).catch(() => undefined);
        await terminals.remove(session, terminalId);
      }
    };
    end().catch((error: unknown) =>
      context.logger.error({ error }, 'the terminals of an ended session could not be closed'),
    );
  }
}
