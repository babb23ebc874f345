import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Server, type Socket } from 'socket.io';
import type { MonitorSettings } from '../../../lib/contracts/protocol/workspace.ts';
import { monitorPushes } from '../../../lib/contracts/protocol/workspace.ts';
import type { MonitorStatus } from '../../../lib/contracts/records.ts';
import type { ObservedEntry } from '../../../lib/contracts/trail.ts';

/** A batch as it came. */
export interface Batch {
  spool: string;
  firstSeq: number;
  entries: ObservedEntry[];
  drainedAt: number | null;
  /** By the test's clock. */
  at: number;
}

/** A real Socket.IO server that keeps trails as the gateway does, for tests of the monitor. */
export class TestGateway {
  readonly url: string;
  readonly batches: Batch[] = [];
  readonly statuses: MonitorStatus[] = [];
  settings: MonitorSettings;
  /** Called before a batch is stored; what it throws is answered as an error. */
  onBatch: (batch: Batch) => void | Promise<void> = () => {};
  /** By spool, in the order in which the spools said hello. */
  readonly trails = new Map<string, ObservedEntry[]>();
  #io: Server;
  #close: () => Promise<void>;
  #socket: Socket | undefined;

  private constructor(io: Server, url: string, close: () => Promise<void>, settings: MonitorSettings) {
    this.#io = io;
    this.url = url;
    this.#close = close;
    this.settings = settings;
    io.on('connection', (socket) => this.#serve(socket));
  }

  static async open(ignoreRules: string[] = [], port = 0): Promise<TestGateway> {
    const http = createServer((_request, response) => response.end('ok'));
    const io = new Server(http, { transports: ['websocket'], perMessageDeflate: false });
    await new Promise<void>((resolve) => http.listen(port, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${(http.address() as AddressInfo).port}`;
    return new TestGateway(io, url, async () => void (await io.close()), { ignoreRules });
  }

  /** All entries, of all spools. */
  get entries(): ObservedEntry[] {
    return [...this.trails.values()].flat();
  }

  get lastDrainedAt(): number {
    return Math.max(0, ...this.batches.map(({ drainedAt }) => drainedAt ?? 0));
  }

  /** Ends the present connection; the monitor dials in again. */
  cut(): void {
    this.#socket?.conn.close();
  }

  sendSettings(settings: MonitorSettings): void {
    this.settings = settings;
    this.#io.emit('monitor.settings', settings);
  }

  close(): Promise<void> {
    return this.#close();
  }

  #serve(socket: Socket) {
    this.#socket = socket;
    socket.on('monitor.hello', (params, answer) => {
      const { spool } = monitorPushes['monitor.hello'].params.parse(params);
      const trail = this.trails.get(spool) ?? [];
      this.trails.set(spool, trail);
      answer({ ok: true, result: { seq: trail.length, settings: this.settings } });
    });
    socket.on('monitor.status', (status) => this.statuses.push(monitorPushes['monitor.status'].params.parse(status)));
    socket.on('trail.append', (params, answer) => void this.#append(params, answer));
  }

  async #append(params: unknown, answer: (reply: unknown) => void) {
    try {
      const batch = { ...monitorPushes['trail.append'].params.parse(params), at: Date.now() };
      await this.onBatch(batch);
      const trail = this.trails.get(batch.spool);
      if (!trail || batch.firstSeq > trail.length + 1) throw new Error('A batch does not continue its spool');
      this.batches.push(batch);
      trail.push(...batch.entries.slice(trail.length + 1 - batch.firstSeq));
      answer({ ok: true, result: { seq: trail.length } });
    } catch (error) {
      const detail = error instanceof Error ? error.message : String(error);
      answer({ ok: false, problem: { code: 'internal', title: 'Test', status: 500, detail } });
    }
  }
}
