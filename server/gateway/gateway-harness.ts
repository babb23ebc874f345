import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { io, type Socket } from 'socket.io-client';
import { type Clock, systemClock } from '../../lib/base/clock.ts';
import { silentLogger } from '../../lib/base/logger.ts';
import { newId, systemRandom } from '../../lib/base/random.ts';
import { CoditectError } from '../../lib/contracts/errors.ts';
import { protocolVersions, type Reply } from '../../lib/contracts/protocol/method.ts';
import type { WorkspaceRole } from '../../lib/contracts/protocol/workspace.ts';
import { cookieToken } from '../http/cookie.ts';
import { buildServices } from '../services/build.ts';
import type { WorkspaceRef } from '../services/workspaces.ts';
import { openMemoryStore } from '../store/memory.ts';
import type { Store } from '../store/store.ts';
import { openGateway } from './gateway.ts';
import { originAllowed } from './origin.ts';
import { SessionPresence } from './session-presence.ts';
import { WorkspaceSide } from './workspace-side.ts';

/** The whole server but pages and provisioner, on ports of its own. For tests: real sockets, real services. */
export async function openHarness(options: { store?: Store; clock?: Clock } = {}) {
  const store = options.store ?? openMemoryStore();
  const context = { store, clock: options.clock ?? systemClock, random: systemRandom, logger: silentLogger };
  const presence = new SessionPresence();
  const place = () => ({ podNamespace: 'local', podName: 'local' });
  const services = await buildServices({
    context,
    secretKey: 'a secret for tests alone, of 32 characters',
    setupCode: null,
    presence,
    place,
  });
  const { tokens, trail, terminals, admit } = services;
  const workspaceSide = new WorkspaceSide({
    context,
    tokens,
    trail,
    terminals,
    admit,
    settings: { ignoreRules: ['node_modules'] },
  });
  const files = services.files(workspaceSide);
  const listeners = { browsers: createServer(), workspaces: createServer() };
  const gateway = openGateway(listeners, {
    workspaceSide,
    browsers: {
      ...services,
      context,
      files,
      workspaceSide,
      presence,
      cookieToken: (header) => cookieToken(false, header),
      originAllowed: (request) => originAllowed(undefined, request),
      version: 'test',
    },
  });
  const browserUrl = await listen(listeners.browsers);
  const workspaceUrl = await listen(listeners.workspaces);
  const sockets: Socket[] = [];
  const connect = (url: string, extra: Record<string, unknown>) => {
    const socket = io(url, { transports: ['websocket'], forceNew: true, reconnection: false, ...extra });
    sockets.push(socket);
    return socket;
  };

  return {
    ...services,
    context,
    files,
    workspaceSide,
    gateway,
    browserUrl,
    workspaceUrl,
    peer: { address: '127.0.0.1', userAgent: 'test' },
    register: (email = `${newId(systemRandom)}@example.com`) =>
      services.accounts.register(
        { email, password: 'correct horse battery', name: 'Ada' },
        { address: newId(systemRandom), userAgent: 'test' },
      ),
    browser: (token: string | undefined, headers: Record<string, string> = {}) =>
      connect(browserUrl, {
        auth: { protocol: protocolVersions, ...(token === undefined ? {} : { token }) },
        extraHeaders: headers,
      }),
    workspace: async (ref: WorkspaceRef, role: WorkspaceRole) => {
      const token = await tokens.sign({ type: 'enrolment', ...ref, role }, null);
      return connect(workspaceUrl, { auth: { protocol: protocolVersions, token } });
    },
    connect,
    async close() {
      for (const socket of sockets) socket.disconnect();
      services.revocations[Symbol.dispose]();
      await gateway.close();
      for (const listener of Object.values(listeners)) listener.close();
      await store.close();
    },
  };
}

function listen(server: Server): Promise<string> {
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve(`http://127.0.0.1:${(server.address() as AddressInfo).port}`));
  });
}

/** Resolves with the next event of a name. */
export function next<T = unknown>(socket: Socket, name: string): Promise<T> {
  return new Promise((resolve) => socket.once(name, resolve as never));
}

/** One request; throws what the other side answers as an error. */
export async function call<T = unknown>(socket: Socket, method: string, params: unknown): Promise<T> {
  const reply = (await socket.timeout(10_000).emitWithAck(method, params)) as Reply<T>;
  if (reply.ok) return reply.result;
  throw CoditectError.fromProblem(reply.problem);
}
