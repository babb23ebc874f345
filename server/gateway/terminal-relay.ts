import type { TerminalId, WorkspaceId } from '../../lib/contracts/ids.ts';
import { limits } from '../../lib/contracts/limits.ts';
import type { TerminalRestore } from '../../lib/contracts/protocol/terminals.ts';
import type { BrowserSocket } from './sockets.ts';

/** A terminal for certain: its id is its browser's choice, so two workspaces may have the same. */
interface TerminalPlace {
  workspaceId: WorkspaceId;
  terminalId: TerminalId;
}

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
  /** What the frames that wait cost, each with its own weight, so that empty ones have a bound too. */
  waitingBytes: number;
  sent: number;
  credited: number;
}

interface Relayed extends TerminalPlace {
  viewers: Map<string, Viewer>;
}

type ToHost = (workspaceId: WorkspaceId, credit: { terminalId: TerminalId; offset: number; live: number }) => void;

/** The host stops a window ahead of the quickest browser; what may come after that in frames already under way. */
const windowBytes = limits.terminalWindowBytes + 4 * limits.terminalFrameBytesMax;

/** About what a frame that waits takes beside its bytes. */
const frameOverheadBytes = 256;

const keyOf = ({ workspaceId, terminalId }: TerminalPlace) => `${workspaceId} ${terminalId}`;

/**
 * Sends a terminal's output to every browser that shows it, unparsed. The pace is the quickest browser's: one that is
 * a window behind is left out at once, costs nothing more, and is told to attach again when it has caught up. So a
 * stalled browser slows nobody and holds a window at most.
 */
export class TerminalRelay {
  #toHost: ToHost;
  #relayed = new Map<string, Relayed>();

  constructor(toHost: ToHost) {
    this.#toHost = toHost;
  }

  /** Frames that arrive from now on are kept until {@link attached}. */
  attaching(of: TerminalPlace, socket: BrowserSocket): void {
    const relayed = this.#relayed.get(keyOf(of)) ?? { ...of, viewers: new Map() };
    this.#relayed.set(keyOf(of), relayed);
    relayed.viewers.set(socket.id, { socket, state: 'attaching', waiting: [], waitingBytes: 0, sent: 0, credited: 0 });
  }

  /** The answer has gone out: what came meanwhile follows it. */
  attached(of: TerminalPlace, socket: BrowserSocket, restore: TerminalRestore): void {
    const relayed = this.#relayed.get(keyOf(of));
    const viewer = relayed?.viewers.get(socket.id);
    if (!relayed || viewer?.state !== 'attaching') return;
    viewer.state = 'live';
    viewer.sent = restore.offset;
    // What is restored counts as parsed: its size is bounded by itself.
    viewer.credited = restore.offset;
    for (const frame of viewer.waiting.splice(0)) if (viewer.state === 'live') this.#send(viewer, frame);
    this.#tellHost(relayed);
  }

  detach(of: TerminalPlace, socket: BrowserSocket): void {
    const relayed = this.#relayed.get(keyOf(of));
    if (!relayed?.viewers.delete(socket.id)) return;
    this.#tellHost(relayed);
    if (relayed.viewers.size === 0) this.#relayed.delete(keyOf(of));
  }

  detachAll(socket: BrowserSocket): void {
    for (const relayed of [...this.#relayed.values()]) this.detach(relayed, socket);
  }

  /** Output from a host. It reaches terminals of its own workspace and no others. */
  data(workspaceId: WorkspaceId, frame: Frame): void {
    const relayed = this.#relayed.get(keyOf({ workspaceId, terminalId: frame.terminalId }));
    if (!relayed) return;
    let left = false;
    for (const viewer of relayed.viewers.values()) {
      if (viewer.state === 'attaching') hold(viewer, frame);
      else if (viewer.state === 'live') left = !this.#send(viewer, frame) || left;
    }
    if (left) this.#tellHost(relayed);
  }

  /** A browser has parsed everything before `offset`. */
  credit(of: TerminalPlace, socket: BrowserSocket, offset: number): void {
    const relayed = this.#relayed.get(keyOf(of));
    const viewer = relayed?.viewers.get(socket.id);
    if (!relayed || !viewer || viewer.state === 'attaching') return;
    viewer.credited = Math.max(viewer.credited, Math.min(offset, viewer.sent));
    if (viewer.state === 'behind') tellOnceParsed(viewer, of.terminalId);
    if (viewer.state === 'live') this.#tellHost(relayed);
  }

  /** Tells a host that has come back how things stand with each of its terminals. */
  refresh(workspaceId: WorkspaceId): void {
    for (const relayed of this.#relayed.values()) if (relayed.workspaceId === workspaceId) this.#tellHost(relayed);
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

  #tellHost({ workspaceId, terminalId, viewers }: Relayed): void {
    const live = [...viewers.values()].filter(({ state }) => state === 'live');
    const offset = live.reduce((most, { credited }) => Math.max(most, credited), 0);
    this.#toHost(workspaceId, { terminalId, offset, live: live.length });
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
  viewer.waitingBytes += frame.bytes.byteLength + frameOverheadBytes;
  if (viewer.waitingBytes <= limits.terminalWindowBytes) return;
  viewer.waiting = [];
  viewer.waitingBytes = 0;
}
