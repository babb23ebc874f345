import type { Socket } from 'socket.io';
import { Emitter } from '../../lib/base/emitter.ts';
import { CoditectError, isCoditectError, parse, toProblem } from '../../lib/contracts/errors.ts';
import type { TenantId, WorkspaceId } from '../../lib/contracts/ids.ts';
import { limits } from '../../lib/contracts/limits.ts';
import {
  agreedVersion,
  handshake,
  type InputOf,
  type ParamsOf,
  type RequestName,
  type ResultOf,
  reply,
} from '../../lib/contracts/protocol/method.ts';
import {
  hostMethods,
  hostPushes,
  type MonitorSettings,
  monitorPushes,
  type WorkspaceRole,
} from '../../lib/contracts/protocol/workspace.ts';
import type { MonitorStatus, Terminal } from '../../lib/contracts/records.ts';
import type { ServiceContext, WorkspaceLinks } from '../services/context.ts';
import type { Terminals } from '../services/terminals.ts';
import type { Tokens } from '../services/tokens.ts';
import type { Trail } from '../services/trail/trail.ts';
import { serve } from './dispatch.ts';
import type { WorkspaceServer, WorkspaceSocket } from './sockets.ts';

type HostMethods = typeof hostMethods;
type HostPushes = typeof hostPushes;

/** Events a workspace process may send in a second: 32 busy terminals and more. */
const eventsPerSecondMax = 20_000;
const version1 = 1;

interface Place {
  tenantId: TenantId;
  workspaceId: WorkspaceId;
}

/** One process of a workspace that has dialled in and whose credential was checked. */
interface Link extends Place {
  role: WorkspaceRole;
  /** Fences: the connection with the greatest number is the one that counts. */
  connection: number;
  socket: WorkspaceSocket;
  /** It has said hello, so requests may be sent. */
  ready: boolean;
  /** When its token is renewed. */
  renewal?: Disposable;
}

interface Dependencies {
  context: ServiceContext;
  tokens: Tokens;
  trail: Trail;
  terminals: Terminals;
  /** Whether the workspace is known and wished to run; numbers the connection when it is. */
  admit(place: Place, role: WorkspaceRole): Promise<number>;
  settings: MonitorSettings;
}

export const offlineMonitor: MonitorStatus = { state: 'offline', detail: null, watches: 0, pending: 0, version: '' };

/**
 * The workspaces' side of the gateway. It believes the credential and nothing else: role, workspace and tenant come
 * from the token, every message is checked for shape, size and rate.
 */
export class WorkspaceSide implements WorkspaceLinks {
  readonly terminalData = new Emitter<{ workspaceId: WorkspaceId; data: ParamsOf<HostPushes['terminal.data']> }>();
  readonly terminalChanged = new Emitter<Place & { terminal: Terminal }>();
  readonly monitorChanged = new Emitter<{ workspaceId: WorkspaceId; monitor: MonitorStatus }>();
  #changed = new Emitter<Place & { role: WorkspaceRole; connected: boolean }>();
  #to: Dependencies;
  #links = new Map<string, Link>();
  #monitors = new Map<WorkspaceId, MonitorStatus>();

  constructor(dependencies: Dependencies) {
    this.#to = dependencies;
  }

  /** Serves a Socket.IO server of its own listener. */
  serve(io: WorkspaceServer): void {
    io.use((socket, next) => {
      this.#enter(socket).then(
        () => next(),
        (error: unknown) => {
          if (!isCoditectError(error)) this.#to.context.logger.error({ error }, 'a workspace could not be let in');
          const problem = toProblem(error);
          next(Object.assign(new Error(problem.code), { data: problem }));
        },
      );
    });
    io.on('connection', (socket) => this.#connected(socket));
  }

  drain(workspaceId: WorkspaceId): void {
    const link = this.#links.get(linkKey(workspaceId, 'monitor'));
    if (link?.ready) link.socket.emit('trail.drain', {});
  }

  connected(workspaceId: WorkspaceId, role: WorkspaceRole): boolean {
    return this.#links.get(linkKey(workspaceId, role))?.ready ?? false;
  }

  onChanged(listener: (change: Place & { role: WorkspaceRole; connected: boolean }) => void): Disposable {
    return this.#changed.on(listener);
  }

  monitorOf(workspaceId: WorkspaceId): MonitorStatus {
    return this.#monitors.get(workspaceId) ?? offlineMonitor;
  }

  counts(): { hosts: number; monitors: number } {
    const ready = [...this.#links.values()].filter((link) => link.ready);
    return {
      hosts: ready.filter(({ role }) => role === 'host').length,
      monitors: ready.filter(({ role }) => role === 'monitor').length,
    };
  }

  async request<Name extends RequestName<HostMethods>>(
    workspaceId: WorkspaceId,
    method: Name,
    params: InputOf<HostMethods[Name]>,
  ): Promise<ResultOf<HostMethods[Name]>> {
    const link = this.#links.get(linkKey(workspaceId, 'host'));
    if (!link?.ready) throw new CoditectError('workspace_unavailable', 'The workspace is not connected.');
    const answer = parse(reply, await ask(loosely(link.socket), method, params));
    if (!answer.ok) throw CoditectError.fromProblem(answer.problem);
    const checked = hostMethods[method].result.safeParse(answer.result);
    if (checked.success) return checked.data as ResultOf<HostMethods[Name]>;
    throw new CoditectError('workspace_unavailable', 'The workspace gave an answer that makes no sense.');
  }

  /** Sends an event to the host, if it is there. */
  emit<Name extends 'terminal.resize' | 'terminal.credit'>(
    workspaceId: WorkspaceId,
    name: Name,
    params: InputOf<HostMethods[Name]>,
  ): void {
    const link = this.#links.get(linkKey(workspaceId, 'host'));
    if (link?.ready) loosely(link.socket).emit(name, params);
  }

  async #enter(socket: WorkspaceSocket): Promise<void> {
    const { tokens, admit } = this.#to;
    const { token, protocol } = parse(handshake, socket.handshake.auth);
    if (agreedVersion(protocol) === undefined)
      throw new CoditectError('protocol_mismatch', `This gateway speaks version ${version1} of the protocol.`);
    if (token === undefined)
      throw new CoditectError('unauthenticated', 'token: a workspace process needs its credential.');
    const { tenantId, workspaceId, role } = await tokens.verify(token, 'enrolment', 'workspace');
    const connection = await admit({ tenantId, workspaceId }, role);
    const link: Link = { tenantId, workspaceId, role, connection, socket, ready: false };
    socket.data = link;
  }

  #connected(socket: WorkspaceSocket): void {
    const link = socket.data as Link;
    const { context } = this.#to;
    // One listener for each request under way; how many those are is bounded where they come from.
    socket.setMaxListeners(0);
    const key = linkKey(link.workspaceId, link.role);
    const older = this.#links.get(key);
    // Two handshakes may finish in either order: the number says which is newer.
    if (older && older.connection > link.connection) return void socket.disconnect(true);
    this.#links.set(key, link);
    older?.socket.disconnect(true);
    socket.on('disconnect', () => {
      link.renewal?.[Symbol.dispose]();
      this.#gone(key, link);
    });
    const common = {
      eventsPerSecondMax,
      clock: context.clock,
      logger: context.logger,
      authorise: () => this.#authorise(key, link),
    };
    if (link.role === 'host') serve(socket, { ...common, table: hostPushes, handlers: this.#hostHandlers(link) });
    else serve(socket, { ...common, table: monitorPushes, handlers: this.#monitorHandlers(link) });
    this.#renew(link);
  }

  #authorise(key: string, link: Link): void {
    if (this.#links.get(key) !== link) throw new CoditectError('conflict', 'A newer connection has taken over.');
  }

  #gone(key: string, link: Link): void {
    if (this.#links.get(key) !== link) return;
    this.#links.delete(key);
    if (link.role === 'monitor') this.#setMonitor(link.workspaceId, offlineMonitor);
    if (link.ready) this.#changed.emit({ ...link, connected: false });
  }

  #ready(link: Link): void {
    if (link.ready) return;
    link.ready = true;
    this.#changed.emit({ ...link, connected: true });
  }

  #setMonitor(workspaceId: WorkspaceId, monitor: MonitorStatus): void {
    if (monitor.state === 'offline') this.#monitors.delete(workspaceId);
    else this.#monitors.set(workspaceId, monitor);
    this.monitorChanged.emit({ workspaceId, monitor });
  }

  /** Gives the process a fresh token now and at half of its life, as long as it is connected. */
  #renew(link: Link): void {
    const { tokens, context } = this.#to;
    const expiresAt = context.clock.now() + limits.workspaceTokenMsMax;
    const { tenantId, workspaceId, role } = link;
    tokens
      .sign({ type: 'workspace', tenantId, workspaceId, role }, expiresAt)
      .then((token) => link.socket.emit('token.renewed', { token, expiresAt }))
      .catch((error: unknown) => context.logger.error({ error }, 'a workspace token could not be made'));
    link.renewal = context.clock.after(limits.workspaceTokenMsMax / 2, () => this.#renew(link));
  }

  #hostHandlers(link: Link) {
    const { terminals } = this.#to;
    return {
      'host.hello': async ({ terminals: live }: { terminals: Terminal[] }) => {
        const changed = await terminals.reconcile(link, live);
        this.#ready(link);
        for (const terminal of changed) this.terminalChanged.emit({ ...link, terminal });
        return {};
      },
      'terminal.data': (data: ParamsOf<HostPushes['terminal.data']>) =>
        this.terminalData.emit({ workspaceId: link.workspaceId, data }),
      // Waited for, so that a host that floods has no more of them under way than of anything else.
      'terminal.changed': async ({ terminal }: { terminal: Terminal }) => {
        const known = await terminals.update(link, terminal);
        if (known) this.terminalChanged.emit({ ...link, terminal: known });
      },
      'terminal.snapshot': async ({ terminal, bytes }: { terminal: Terminal; bytes: Uint8Array }) => {
        await terminals.saveScreen(link, terminal, bytes);
        return {};
      },
    };
  }

  #monitorHandlers(link: Link) {
    const { trail, settings } = this.#to;
    return {
      'monitor.hello': async ({ spool }: { spool: Parameters<Trail['storedSeq']>[1] }) => {
        const seq = await trail.storedSeq(link, spool);
        this.#ready(link);
        return { seq, settings };
      },
      'monitor.status': (monitor: MonitorStatus) =>
        this.#setMonitor(link.workspaceId, monitor.state === 'offline' ? { ...monitor, state: 'degraded' } : monitor),
      'trail.append': async (batch: Parameters<Trail['append']>[1]) => ({ seq: await trail.append(link, batch) }),
    };
  }
}

const linkKey = (workspaceId: WorkspaceId, role: WorkspaceRole) => `${workspaceId} ${role}`;

/** TypeScript cannot follow an event map by a name that is a type parameter; the callers' own types hold there. */
const loosely = (socket: WorkspaceSocket) => socket as unknown as Socket;

/** One request with a bound on the wait, ended early when the other side goes. */
function ask(socket: Socket, method: string, params: unknown): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const gone = () => reject(new CoditectError('workspace_unavailable', 'The workspace was disconnected.'));
    socket.once('disconnect', gone);
    socket.timeout(limits.requestTimeoutMs).emit(method, params, (error: Error | null, answer: unknown) => {
      socket.off('disconnect', gone);
      if (error) reject(new CoditectError('workspace_unavailable', 'The workspace did not answer in time.'));
      else resolve(answer);
    });
  });
}
