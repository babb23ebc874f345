import type { Logger } from 'pino';
import { Manager, type Socket } from 'socket.io-client';
import { type Backoff, backoffMs } from '../lib/base/backoff.ts';
import type { Clock } from '../lib/base/clock.ts';
import { Emitter } from '../lib/base/emitter.ts';
import type { Random } from '../lib/base/random.ts';
import { CoditectError, type Problem, parse, problem, toProblem } from '../lib/contracts/errors.ts';
import { limits } from '../lib/contracts/limits.ts';
import {
  type EventName,
  type Handshake,
  type InputOf,
  type MethodTable,
  type ParamsOf,
  protocolVersions,
  type RequestName,
  type RequestRow,
  type ResultOf,
  reply,
} from '../lib/contracts/protocol/method.ts';

/** What `Table` asks of the side that serves it. The connection itself takes `token.renewed`. */
export type Handlers<Table extends MethodTable> = {
  [Name in Exclude<keyof Table & string, 'token.renewed'>]: Table[Name] extends RequestRow
    ? (params: ParamsOf<Table[Name]>) => ResultOf<Table[Name]> | Promise<ResultOf<Table[Name]>>
    : (params: ParamsOf<Table[Name]>) => void;
};

export interface ConnectionOptions<Serves extends MethodTable, Calls extends MethodTable> {
  /** Base URL of the gateway's workspace listener. */
  url: string;
  /** The credential for the first connection, and whenever a workspace token is refused. */
  enrolment: string;
  serves: Serves;
  handlers: Handlers<Serves>;
  calls: Calls;
  clock: Clock;
  random: Random;
  logger: Logger;
}

/** A connection to the gateway that is made again for ever. `Calls` is what this side may ask of the gateway. */
export interface Connection<Calls extends MethodTable> {
  readonly connected: boolean;
  /**
   * Sends a request and checks its answer. Nothing is queued while there is no connection.
   * @throws CoditectError `workspace_unavailable` when not connected, cut off, or after `timeoutMs`; else the gateway's.
   */
  request<Name extends RequestName<Calls>>(
    name: Name,
    params: InputOf<Calls[Name]>,
    options?: { timeoutMs?: number },
  ): Promise<ResultOf<Calls[Name]>>;
  /** Sends an event; false, and nothing is sent, while there is no connection. */
  send<Name extends EventName<Calls>>(name: Name, params: InputOf<Calls[Name]>): boolean;
  /** Calls `listener` at each new connection, and at once when there is one already. */
  onConnected(listener: () => void): Disposable;
  onDisconnected(listener: () => void): Disposable;
  /** Calls `listener` when the gateway refuses, or with undefined when it cannot be reached. */
  onRefused(listener: (refusal: Problem | undefined) => void): Disposable;
  /** Disconnects and stays so. */
  close(): void;
}

const backoff: Backoff = { baseMs: 250, maxMs: 10_000 };
/** Another version is put right by people, not by trying: rarely enough to leave the gateway in peace. */
const mismatchBackoff: Backoff = { baseMs: 60_000, maxMs: 60_000 };

/** Dials out to the gateway and goes on trying until closed; see {@link Connection}. */
export function connect<Serves extends MethodTable, Calls extends MethodTable>(
  options: ConnectionOptions<Serves, Calls>,
): Connection<Calls> {
  return new GatewayConnection(options);
}

class GatewayConnection<Serves extends MethodTable, Calls extends MethodTable> implements Connection<Calls> {
  readonly #options: ConnectionOptions<Serves, Calls>;
  readonly #socket: Socket;
  readonly #connected = new Emitter<void>();
  readonly #disconnected = new Emitter<void>();
  readonly #refused = new Emitter<Problem | undefined>();
  #closed = false;
  #retrying: Disposable | undefined;
  /** The newest workspace token; undefined means the enrolment is presented. */
  #token: string | undefined;
  #attempt = 0;
  #connectedAt = 0;

  constructor(options: ConnectionOptions<Serves, Calls>) {
    this.#options = options;
    const managerOptions: object = {
      path: '/socket.io',
      transports: ['websocket'],
      perMessageDeflate: false,
      // The loop below is ours: it changes credentials and its pace with the reason of a refusal.
      reconnection: false,
      autoConnect: false,
      timeout: limits.handshakeTimeoutMs,
    };
    const manager = new Manager(options.url, managerOptions);
    const auth = (answer: (data: Handshake) => void) =>
      answer({ protocol: protocolVersions, token: this.#token ?? options.enrolment });
    this.#socket = manager.socket('/', { auth: auth as (answer: (data: object) => void) => void });
    this.#socket.on('connect', () => this.#onConnect());
    this.#socket.on('connect_error', (error) => this.#onRefusal(error));
    this.#socket.on('disconnect', (reason) => this.#onDisconnect(reason));
    this.#socket.onAny((name: string, ...parts: unknown[]) => void this.#receive(name, parts));
    this.#socket.connect();
  }

  get connected(): boolean {
    return this.#socket.connected;
  }

  request<Name extends RequestName<Calls>>(
    name: Name,
    params: InputOf<Calls[Name]>,
    { timeoutMs = limits.requestTimeoutMs }: { timeoutMs?: number } = {},
  ): Promise<ResultOf<Calls[Name]>> {
    const row = this.#options.calls[name] as RequestRow;
    return new Promise((resolve, reject) => {
      if (!this.#socket.connected) return reject(unavailable('There is no connection to the gateway'));
      this.#socket.timeout(timeoutMs).emit(name, params, (error: Error | null, answer: unknown) => {
        if (error && !this.#socket.connected) return reject(unavailable('The connection to the gateway was cut'));
        if (error) return reject(unavailable(`The gateway did not answer ${name} within ${timeoutMs} ms`));
        try {
          const checked = parse(reply, answer);
          if (!checked.ok) throw CoditectError.fromProblem(checked.problem);
          resolve(parse(row.result, checked.result) as ResultOf<Calls[Name]>);
        } catch (fault) {
          reject(fault);
        }
      });
    });
  }

  send<Name extends EventName<Calls>>(name: Name, params: InputOf<Calls[Name]>): boolean {
    if (!this.#socket.connected) return false;
    this.#socket.emit(name, params);
    return true;
  }

  onConnected(listener: () => void): Disposable {
    const subscription = this.#connected.on(listener);
    if (this.#socket.connected) listener();
    return subscription;
  }

  onDisconnected(listener: () => void): Disposable {
    return this.#disconnected.on(listener);
  }

  onRefused(listener: (refusal: Problem | undefined) => void): Disposable {
    return this.#refused.on(listener);
  }

  close(): void {
    this.#closed = true;
    this.#retrying?.[Symbol.dispose]();
    this.#socket.disconnect();
  }

  #onConnect(): void {
    this.#options.logger.info('Connected to the gateway');
    this.#connectedAt = this.#options.clock.monotonic();
    this.#connected.emit();
  }

  #onDisconnect(reason: string): void {
    if (!this.#closed) {
      // Only a connection that lasted was a good one: one that is ended at once is not tried again at full pace.
      if (this.#options.clock.monotonic() - this.#connectedAt >= backoff.maxMs) this.#attempt = 0;
      const log = { reason };
      if (reason === 'io server disconnect') this.#options.logger.warn(log, 'The gateway ended this connection');
      else this.#options.logger.info(log, 'Disconnected from the gateway');
      this.#retry(backoff);
    }
    this.#disconnected.emit();
  }

  #onRefusal(error: Error & { data?: unknown }): void {
    const refusal = problem.safeParse(error.data).data;
    const { logger } = this.#options;
    if (refusal?.code === 'unauthenticated' && this.#token !== undefined) {
      logger.info('The workspace token was refused; enrolling again');
      this.#token = undefined;
    } else if (refusal?.code === 'protocol_mismatch') {
      logger.error(
        { speaks: protocolVersions },
        `This agent and the gateway speak different protocol versions; one of them must be updated. ${refusal.detail}`,
      );
    } else {
      logger.warn({ refusal, reason: error.message }, 'The gateway cannot be reached or refused this connection');
    }
    this.#retry(refusal?.code === 'protocol_mismatch' ? mismatchBackoff : backoff);
    this.#refused.emit(refusal);
  }

  #retry(pace: Backoff): void {
    const waitMs = backoffMs(pace, this.#attempt, this.#options.random);
    this.#attempt += 1;
    this.#retrying = this.#options.clock.after(waitMs, () => this.#socket.connect());
  }

  async #receive(name: string, parts: unknown[]): Promise<void> {
    const last = parts.at(-1);
    const answer = typeof last === 'function' ? (last as (reply: unknown) => void) : undefined;
    try {
      const result = await this.#serve(name, parts[0]);
      answer?.({ ok: true, result });
    } catch (error) {
      if (!(error instanceof CoditectError))
        this.#options.logger.error({ err: error, method: name }, 'A handler failed');
      else if (!answer) this.#options.logger.warn({ err: error, method: name }, 'An event was refused');
      answer?.({ ok: false, problem: toProblem(error) });
    }
  }

  async #serve(name: string, params: unknown): Promise<unknown> {
    const row = Object.hasOwn(this.#options.serves, name) ? this.#options.serves[name] : undefined;
    if (!row) throw new CoditectError('invalid_request', `There is no method ${name}`);
    const checked = parse(row.params, params);
    if (name === 'token.renewed') {
      this.#token = (checked as { token: string }).token;
      return {};
    }
    const handler = this.#options.handlers[name as keyof Handlers<Serves>] as (params: unknown) => unknown;
    return handler(checked);
  }
}

function unavailable(detail: string): CoditectError {
  return new CoditectError('workspace_unavailable', detail);
}
