import type { TerminalId, WorkspaceId } from '../../lib/contracts/ids.ts';
import { limits } from '../../lib/contracts/limits.ts';
import type { TerminalRestore } from '../../lib/contracts/protocol/terminals.ts';
import type { BrowserSocket } from './sockets.ts';

interface Frame {
  terminalId: TerminalId;
  offset: number;
  bytes: Uint8Array | ArrayBuffer;
}

/** One browser that shows one terminal. */
interface Viewer {
  socket: BrowserSocket;
  /**
   * `attaching`: frames wait for the answer that they follow. `behind`: a window of output is unparsed, nothing is sent.
   * `told`: it has parsed what it got and knows that it has to attach again.
   */
  state: 'attaching' | 'live' | 'behind' | 'told';
  waiting: Frame[];
  sent: number;
  credited: number;
}

interface Relayed {
  workspaceId: WorkspaceId;
  viewers: Map<string, Viewer>;
}

type ToHost = (workspaceId: WorkspaceId, credit: { terminalId: TerminalId; offset: number; live: number }) => void;

/** The host stops a window ahead of the quickest browser; what may come after that in frames already under way. */
const windowBytes = limits.terminalWindowBytes + 4 * limits.terminalFrameBytesMax;

/**
 * Sends a terminal's output to every browser that shows it, unparsed. The pace is the quickest browser's: one that is
 * a window behind is left out at once, costs nothing more, and is told to attach again when it has caught up. So a
 * stalled browser slows nobody and holds a window at most.
 */
export class TerminalRelay {
  #toHost: ToHost;
  #relayed = new Map<TerminalId, Relayed>();

  constructor(toHost: ToHost) {
    this.#toHost = toHost;
  }

  /** Frames that arrive from now on are kept until {@link attached}. */
  attaching(of: { workspaceId: WorkspaceId; terminalId: TerminalId }, socket: BrowserSocket): void {
    const relayed = this.#relayed.get(of.terminalId) ?? { workspaceId: of.workspaceId, viewers: new Map() };
    this.#relayed.set(of.terminalId, relayed);
    relayed.viewers.set(socket.id, { socket, state: 'attaching', waiting: [], sent: 0, credited: 0 });
  }

  /** The answer has gone out: what came meanwhile follows it. */
  attached(terminalId: TerminalId, socket: BrowserSocket, restore: TerminalRestore): void {
    const viewer = this.#relayed.get(terminalId)?.viewers.get(socket.id);
    if (viewer?.state !== 'attaching') return;
    viewer.state = 'live';
    viewer.sent = restore.offset;
    // What is restored counts as parsed: its size is bounded by itself.
    viewer.credited = restore.offset;
    for (const frame of viewer.waiting.splice(0)) if (viewer.state === 'live') this.#send(viewer, frame);
    this.#tellHost(terminalId);
  }

  detach(terminalId: TerminalId, socket: BrowserSocket): void {
    const relayed = this.#relayed.get(terminalId);
    if (!relayed?.viewers.delete(socket.id)) return;
    this.#tellHost(terminalId);
    if (relayed.viewers.size === 0) this.#relayed.delete(terminalId);
  }

  detachAll(socket: BrowserSocket): void {
    for (const terminalId of [...this.#relayed.keys()]) this.detach(terminalId, socket);
  }

  /** Output from a host. A terminal of another workspace than the host's is not its to write. */
  data(workspaceId: WorkspaceId, frame: Frame): void {
    const relayed = this.#relayed.get(frame.terminalId);
    if (relayed?.workspaceId !== workspaceId) return;
    let left = false;
    for (const viewer of relayed.viewers.values()) {
      if (viewer.state === 'attaching') hold(viewer, frame);
      else if (viewer.state === 'live') left = !this.#send(viewer, frame) || left;
    }
    if (left) this.#tellHost(frame.terminalId);
  }

  /** A browser has parsed everything before `offset`. */
  credit(terminalId: TerminalId, socket: BrowserSocket, offset: number): void {
    const viewer = this.#relayed.get(terminalId)?.viewers.get(socket.id);
    if (!viewer || viewer.state === 'attaching') return;
    viewer.credited = Math.max(viewer.credited, Math.min(offset, viewer.sent));
    if (viewer.state === 'behind') tellOnceParsed(viewer, terminalId);
    if (viewer.state === 'live') this.#tellHost(terminalId);
  }

  /** Tells a host that has come back how things stand with each of its terminals. */
  refresh(workspaceId: WorkspaceId): void {
    for (const [terminalId, relayed] of this.#relayed)
      if (relayed.workspaceId === workspaceId) this.#tellHost(terminalId);
  }

  /** Sends what a viewer lacks of a frame; false when it is left out from now on. */
  #send(viewer: Viewer, frame: Frame): boolean {
    const { terminalId, offset, bytes } = frame;
    const end = offset + bytes.byteLength;
    if (end <= viewer.sent) return true;
    // A hole: frames were lost while the host was away, or there were too many to keep for a browser attaching.
    const hole = offset > viewer.sent;
    if (hole || end - viewer.credited > windowBytes) {
      viewer.state = 'behind';
      // It may have parsed everything already when the hole is what makes the distance.
      tellOnceParsed(viewer, terminalId);
      return false;
    }
    const has = viewer.sent - offset;
    const rest = has === 0 ? frame : { terminalId, offset: viewer.sent, bytes: bytes.slice(has) };
    viewer.socket.emit('terminal.data', rest);
    viewer.sent = end;
    return true;
  }

  #tellHost(terminalId: TerminalId): void {
    const relayed = this.#relayed.get(terminalId);
    if (!relayed) return;
    const live = [...relayed.viewers.values()].filter(({ state }) => state === 'live');
    const offset = live.reduce((most, { credited }) => Math.max(most, credited), 0);
    this.#toHost(relayed.workspaceId, { terminalId, offset, live: live.length });
  }
}

/** Tells a browser that was left out, once, when it has parsed all that it got. */
function tellOnceParsed(viewer: Viewer, terminalId: TerminalId): void {
  if (viewer.credited < viewer.sent) return;
  viewer.state = 'told';
  viewer.socket.emit('terminal.behind', { terminalId });
}

/** Keeps a frame for a browser that is attaching; one that takes too long starts again from a hole it will notice. */
function hold(viewer: Viewer, frame: Frame): void {
  viewer.waiting.push(frame);
  const bytes = viewer.waiting.reduce((sum, { bytes: held }) => sum + held.byteLength, 0);
  if (bytes > limits.terminalWindowBytes) viewer.waiting.splice(0);
}
