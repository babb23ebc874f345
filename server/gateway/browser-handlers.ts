import { CoditectError, isCoditectError } from '../../lib/contracts/errors.ts';
import type { SessionId, TerminalId, WorkspaceId } from '../../lib/contracts/ids.ts';
import type { browserMethods } from '../../lib/contracts/protocol/browser.ts';
import type { ParamsOf } from '../../lib/contracts/protocol/method.ts';
import type { Terminal } from '../../lib/contracts/records.ts';
import type { Caller } from '../../lib/contracts/services/accounts.ts';
import type { FileMethodName, FileScope } from '../../lib/contracts/services/files.ts';
import { trailQuery } from '../../lib/contracts/trail.ts';
import type { OpPlace } from '../services/trail/ops.ts';
import type { BrowserDependencies } from './browser-dependencies.ts';
import type { Answering, Handlers } from './dispatch.ts';
import type { BrowserSocket } from './sockets.ts';
import type { TerminalRelay } from './terminal-relay.ts';

type Methods = typeof browserMethods;

/** What the socket was bound to: ownership was checked when it was. */
export interface Attachment extends OpPlace {
  sessionId: SessionId;
  /** Terminals known to belong to this session, so that a keystroke costs no read. */
  terminals: Set<TerminalId>;
}

export interface BrowserConnection {
  socket: BrowserSocket;
  caller: Caller;
  loginEndsAt: number;
  agreed: number;
  ended: boolean;
  attachment: Attachment | null;
  /** Changes of the session under way from this very browser. */
  changing: number;
}

type Dependencies = BrowserDependencies & { relay: TerminalRelay };

/** The browser's methods. Each speaks of the session its socket is attached to, never of ids in a message. */
export function browserHandlers(to: Dependencies, connection: BrowserConnection): Handlers<Methods> {
  return {
    ...sessionHandlers(to, connection),
    ...fileHandlers(to, connection),
    ...terminalHandlers(to, connection),
    'trail.read': (query) => to.trail.read(connection.caller, attached(connection).workspaceId, query),
  };
}

export const workspaceRoom = (workspaceId: WorkspaceId) => `workspace ${workspaceId}`;
/** Named by both, so that what a workspace says of a session reaches nobody but its own. */
export const sessionRoom = (workspaceId: WorkspaceId, sessionId: SessionId) => `session ${workspaceId} ${sessionId}`;

function attached(connection: BrowserConnection): Attachment {
  if (connection.attachment) return connection.attachment;
  throw new CoditectError('conflict', 'Attach to a session first.');
}

const noTerminal = () => new CoditectError('not_found', 'There is no such terminal.');

function sessionHandlers(to: Dependencies, connection: BrowserConnection) {
  const { caller } = connection;
  return {
    'session.attach': ({ sessionId }: ParamsOf<Methods['session.attach']>) => attach(to, connection, sessionId),
    'session.change': async (change: ParamsOf<Methods['session.change']>) => {
      connection.changing += 1;
      try {
        return { session: await to.sessions.change(caller, attached(connection).sessionId, change) };
      } finally {
        connection.changing -= 1;
      }
    },
    'workspace.start': async () => ({ workspace: await to.workspaces.start(caller, attached(connection).workspaceId) }),
    'workspace.stop': async () => ({ workspace: await to.workspaces.stop(caller, attached(connection).workspaceId) }),
  };
}

async function attach(to: Dependencies, connection: BrowserConnection, sessionId: SessionId) {
  const { caller, socket } = connection;
  const found = await to.sessions.get(caller, sessionId);
  const workspace = await to.workspaces.get(caller, found.workspaceId);
  const { tenantId } = caller;
  const { workspaceId } = found;
  // In the rooms before the first page is read, so that nothing falls between the page and what follows it.
  const known = await to.terminals.list({ tenantId, workspaceId }, sessionId);
  leave(to, connection);
  if (connection.ended) throw new CoditectError('unauthenticated', 'This login has ended. Sign in again.');
  connection.attachment = {
    tenantId,
    workspaceId,
    sessionId,
    terminals: new Set(known.map(({ terminalId }) => terminalId)),
  };
  to.presence.enter(sessionId);
  await socket.join([workspaceRoom(workspaceId), sessionRoom(workspaceId, sessionId)]);
  const session =
    found.status === 'suspended'
      ? await to.sessions.change(caller, sessionId, { status: 'active' })
      : await to.sessions.get(caller, sessionId);
  return {
    session,
    workspace,
    monitor: to.workspaceSide.monitorOf(workspaceId),
    terminals: await to.terminals.list({ tenantId, workspaceId }, sessionId),
    trail: await to.trail.read(caller, workspaceId, trailQuery.parse({})),
  };
}

function leave(to: Dependencies, connection: BrowserConnection): void {
  const { attachment, socket } = connection;
  if (!attachment) return;
  to.relay.detachAll(socket);
  to.presence.leave(attachment.sessionId);
  socket.leave(workspaceRoom(attachment.workspaceId));
  socket.leave(sessionRoom(attachment.workspaceId, attachment.sessionId));
  connection.attachment = null;
}

function fileHandlers(to: Dependencies, connection: BrowserConnection) {
  const call = <Name extends FileMethodName>(method: Name) => {
    return (params: ParamsOf<Methods[Name]>) => {
      const { workspaceId, sessionId } = attached(connection);
      const scope: FileScope = { workspaceId, origin: { kind: 'editor', sessionId } };
      return to.files.call(connection.caller, scope, { method, params: params as never });
    };
  };
  return {
    'file.list': call('file.list'),
    'file.stat': call('file.stat'),
    'file.read': call('file.read'),
    'file.write': call('file.write'),
    'file.create_folder': call('file.create_folder'),
    'file.move': call('file.move'),
    'file.delete': call('file.delete'),
  };
}

function terminalHandlers(to: Dependencies, connection: BrowserConnection) {
  const { workspaceSide, terminals, relay } = to;
  const { socket } = connection;
  /** The workspace of a terminal of the attached session. @throws CoditectError `not_found` for any other. */
  const own = async (terminalId: TerminalId): Promise<Attachment> => {
    const attachment = attached(connection);
    if (!attachment.terminals.has(terminalId)) {
      await terminals.get(attachment, { terminalId, sessionId: attachment.sessionId });
      // It may have gone, or to another session, meanwhile: nothing is to begin then that nobody would end.
      if (connection.attachment !== attachment) throw noTerminal();
      attachment.terminals.add(terminalId);
    }
    return attachment;
  };
  /** For events: they are not answered, so what is not this session's is dropped. */
  const knownPlace = (terminalId: TerminalId): WorkspaceId | undefined =>
    connection.attachment?.terminals.has(terminalId) ? connection.attachment.workspaceId : undefined;

  return {
    'terminal.list': async () => {
      const attachment = attached(connection);
      return { terminals: await terminals.list(attachment, attachment.sessionId) };
    },
    'terminal.open': async (params: ParamsOf<Methods['terminal.open']>) => {
      const attachment = attached(connection);
      const { workspaceId, sessionId } = attachment;
      const terminal = await openTerminal(to, attachment, params);
      attachment.terminals.add(terminal.terminalId);
      socket.to(sessionRoom(workspaceId, sessionId)).emit('terminal.changed', { terminal });
      return { terminal };
    },
    'terminal.attach': async ({ terminalId, offset }: ParamsOf<Methods['terminal.attach']>, answering: Answering) => {
      const attachment = await own(terminalId);
      const of = { workspaceId: attachment.workspaceId, terminalId };
      relay.attaching(of, socket);
      try {
        const result = await workspaceSide.request(of.workspaceId, 'terminal.attach', { terminalId, offset });
        answering.afterAnswer(() => relay.attached(of, socket, result.restore));
        return result;
      } catch (error) {
        relay.detach(of, socket);
        return await lastScreen(to, attachment, terminalId, error);
      }
    },
    'terminal.detach': ({ terminalId }: { terminalId: TerminalId }) => {
      const workspaceId = connection.attachment?.workspaceId;
      if (workspaceId) relay.detach({ workspaceId, terminalId }, socket);
    },
    'terminal.input': async (params: ParamsOf<Methods['terminal.input']>) => {
      const { workspaceId } = await own(params.terminalId);
      return workspaceSide.request(workspaceId, 'terminal.input', params);
    },
    'terminal.close': async ({ terminalId }: { terminalId: TerminalId }) => {
      const attachment = await own(terminalId);
      const { kind } = (await terminals.get(attachment, { terminalId, sessionId: attachment.sessionId })).state;
      await workspaceSide.request(attachment.workspaceId, 'terminal.close', { terminalId }).catch((error: unknown) => {
        // A terminal whose host is gone, or that the host has forgotten, has nothing left to end.
        if (kind === 'running' && !isCoditectError(error, 'not_found')) throw error;
      });
      await terminals.remove(attachment, terminalId);
      attachment.terminals.delete(terminalId);
      for (const room of [socket, socket.to(sessionRoom(attachment.workspaceId, attachment.sessionId))])
        room.emit('terminal.closed', { terminalId });
      return {};
    },
    'terminal.resize': (params: ParamsOf<Methods['terminal.resize']>) => {
      const workspaceId = knownPlace(params.terminalId);
      if (workspaceId) workspaceSide.emit(workspaceId, 'terminal.resize', params);
    },
    'terminal.credit': ({ terminalId, offset }: ParamsOf<Methods['terminal.credit']>) => {
      const workspaceId = knownPlace(terminalId);
      if (workspaceId) relay.credit({ workspaceId, terminalId }, socket, offset);
    },
  };
}

/** Opens a terminal whose record stands before the host is asked, so that nothing runs that nobody knows of. */
async function openTerminal(
  { terminals, workspaceSide, context }: Dependencies,
  attachment: Attachment,
  params: ParamsOf<Methods['terminal.open']>,
): Promise<Terminal> {
  const { workspaceId, sessionId } = attachment;
  const { terminalId, columns, rows } = params;
  const startedAt = context.clock.now();
  const asked: Terminal = { terminalId, sessionId, title: '', columns, rows, startedAt, state: { kind: 'running' } };
  const known = await terminals.reserve(attachment, asked);
  try {
    const { terminal } = await workspaceSide.request(workspaceId, 'terminal.open', { ...params, sessionId });
    if (terminal.sessionId !== sessionId || terminal.terminalId !== terminalId)
      throw new CoditectError('conflict', 'The terminal belongs to another session.');
    return (await terminals.update(attachment, terminal)) ?? terminal;
  } catch (error) {
    if (!known) await terminals.remove(attachment, terminalId);
    throw error;
  }
}

/** What stands in for a terminal whose host does not have it any more: its last stored screen, marked ended. */
async function lastScreen(to: Dependencies, attachment: Attachment, terminalId: TerminalId, error: unknown) {
  const record = await to.terminals.get(attachment, { terminalId, sessionId: attachment.sessionId });
  const unknownToHost =
    isCoditectError(error, 'not_found') ||
    (isCoditectError(error, 'workspace_unavailable') && record.state.kind !== 'running');
  if (!unknownToHost) throw error;
  const terminal =
    record.state.kind === 'running'
      ? { ...record, state: { kind: 'lost' as const, at: to.context.clock.now() } }
      : record;
  const bytes = await to.terminals.screen(attachment, terminalId);
  const restore = { kind: 'screen' as const, offset: 0, columns: record.columns, rows: record.rows, bytes };
  return { terminal, restore };
}
