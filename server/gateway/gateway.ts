import type { Server as HttpServer, IncomingMessage } from 'node:http';
import { Server } from 'socket.io';
import { limits } from '../../lib/contracts/limits.ts';
import type { BrowserDependencies } from './browser-dependencies.ts';
import { BrowserSide } from './browser-side.ts';
import type { BrowserServer, WorkspaceServer } from './sockets.ts';
import type { WorkspaceSide } from './workspace-side.ts';

/** Frames from workspaces may carry a whole screen. */
const workspaceFrameBytesMax = limits.terminalSnapshotBytesMax + limits.socketFrameBytesMax;

const common = {
  path: '/socket.io',
  serveClient: false,
  // One transport: no stickiness is needed, and every connection passes the Origin check of the upgrade.
  transports: ['websocket' as const],
  perMessageDeflate: false,
  httpCompression: false,
  connectTimeout: limits.handshakeTimeoutMs,
  pingInterval: 10_000,
  pingTimeout: 10_000,
};

export interface Gateway {
  browserSide: BrowserSide;
  close(): Promise<void>;
}

/** Puts the two Socket.IO servers on their listeners: browsers on the public one, workspaces on one of their own. */
export function openGateway(
  listeners: { browsers: HttpServer; workspaces: HttpServer },
  sides: { workspaceSide: WorkspaceSide; browsers: BrowserDependencies },
): Gateway {
  const browserSide = new BrowserSide(sides.browsers);
  const browserIo: BrowserServer = new Server(listeners.browsers, {
    ...common,
    maxHttpBufferSize: limits.socketFrameBytesMax,
    destroyUpgrade: false,
    allowRequest: (request: IncomingMessage, decide) => {
      const { origin, host, authorization } = request.headers;
      const allowed = browserSide.allowed({ origin, host, authorization });
      decide(allowed ? null : 'this page is not of this site', allowed);
    },
  });
  browserSide.serve(browserIo);

  const workspaceIo: WorkspaceServer = new Server(listeners.workspaces, {
    ...common,
    maxHttpBufferSize: workspaceFrameBytesMax,
    // A browser has no business here.
    allowRequest: (request: IncomingMessage, decide) => decide(null, request.headers.origin === undefined),
  });
  sides.workspaceSide.serve(workspaceIo);

  return {
    browserSide,
    async close() {
      browserSide[Symbol.dispose]();
      browserIo.disconnectSockets(true);
      workspaceIo.disconnectSockets(true);
      await Promise.all([browserIo.close(), workspaceIo.close()]);
    },
  };
}
