import type { Server, Socket } from 'socket.io';
import type { browserMethods, browserPushes } from '../../lib/contracts/protocol/browser.ts';
import type { EventMap } from '../../lib/contracts/protocol/method.ts';
import type { hostMethods, hostPushes, monitorMethods, monitorPushes } from '../../lib/contracts/protocol/workspace.ts';

type FromBrowser = EventMap<typeof browserMethods>;
type ToBrowser = EventMap<typeof browserPushes>;
type FromWorkspace = EventMap<typeof hostPushes & typeof monitorPushes>;
type ToWorkspace = EventMap<typeof hostMethods & typeof monitorMethods>;

/** Socket.IO with the wire tables as its types: what is not in a table cannot be emitted. */
export type BrowserServer = Server<FromBrowser, ToBrowser>;
export type BrowserSocket = Socket<FromBrowser, ToBrowser>;
export type WorkspaceServer = Server<FromWorkspace, ToWorkspace>;
export type WorkspaceSocket = Socket<FromWorkspace, ToWorkspace>;
