import { createServer, type Server as HttpServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Server, type Socket } from 'socket.io';
import type { CoditectError } from '../../lib/contracts/errors.ts';
import type { Handshake, Reply } from '../../lib/contracts/protocol/method.ts';

/** What arrived from the agent, in order. */
export interface Arrival {
  name: string;
  // biome-ignore lint/suspicious/noExplicitAny: a test reads whatever came.
  params: any;
}

/** For tests: a real Socket.IO server that plays the gateway to one agent. */
export class PlayedGateway {
  readonly arrivals: Arrival[] = [];
  readonly handshakes: Handshake[] = [];
  /** Answers requests of the agent; by default `{}`. */
  answer: (arrival: Arrival) => unknown = () => ({});
  /** Set to leave requests without an answer. */
  mute = false;
  /** Set to refuse the next handshakes. */
  refuse: (handshake: Handshake) => CoditectError | undefined = () => undefined;
  #http: HttpServer | undefined;
  #io: Server | undefined;
  #socket: Socket | undefined;
  #port = 0;

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  get socket(): Socket | undefined {
    return this.#socket?.connected ? this.#socket : undefined;
  }

  /** Listens, on the same port again after {@link stop}. */
  async start(): Promise<void> {
    const http = createServer();
    this.#http = http;
    await new Promise<void>((resolve) => http.listen(this.#port, '127.0.0.1', resolve));
    this.#port = (http.address() as AddressInfo).port;
    this.#io = new Server(http, { path: '/socket.io', transports: ['websocket'], maxHttpBufferSize: 4 * 1024 * 1024 });
    this.#io.use((socket, next) => {
      const handshake = socket.handshake.auth as Handshake;
      this.handshakes.push(handshake);
      const refusal = this.refuse(handshake);
      next(refusal && Object.assign(new Error(refusal.message), { data: refusal.toProblem() }));
    });
    this.#io.on('connection', (socket) => this.#accept(socket));
  }

  async stop(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#http?.once('close', resolve));
    await this.#io?.close();
    await closed;
  }

  /** Asks the agent; resolves with the whole reply. */
  // biome-ignore lint/suspicious/noExplicitAny: a test reads whatever came.
  call(name: string, params: object): Promise<Reply<any>> {
    if (!this.socket) throw new Error('No agent is connected');
    return this.socket.timeout(20_000).emitWithAck(name, params);
  }

  emit(name: string, params: object): void {
    this.socket?.emit(name, params);
  }

  /** The parameters of what arrived under `name`. */
  // biome-ignore lint/suspicious/noExplicitAny: a test reads whatever came.
  of(name: string): any[] {
    return this.arrivals.filter((arrival) => arrival.name === name).map(({ params }) => params);
  }

  #accept(socket: Socket): void {
    this.#socket = socket;
    socket.onAny((name: string, params: unknown, answer?: (reply: Reply<unknown>) => void) => {
      const arrival = { name, params };
      this.arrivals.push(arrival);
      if (!this.mute) answer?.({ ok: true, result: this.answer(arrival) });
    });
  }
}
