import { io, type Socket } from 'socket.io-client';
import { backoffMs } from '../base/backoff.ts';
import type { Clock } from '../base/clock.ts';
import { Disposables, toDisposable } from '../base/disposables.ts';
import { Emitter } from '../base/emitter.ts';
import type { Random } from '../base/random.ts';
import { CoditectError, errorTable, isCoditectError, type Problem, parse, problem } from '../contracts/errors.ts';
import type { SessionId } from '../contracts/ids.ts';
import { limits } from '../contracts/limits.ts';
import { browserMethods, browserPushes } from '../contracts/protocol/browser.ts';
import {
  type EventName,
  type InputOf,
  type ParamsOf,
  protocolVersions,
  type RequestName,
  type ResultOf,
  reply,
} from '../contracts/protocol/method.ts';
import { Observable, type Readable } from './observable.ts';

type Methods = typeof browserMethods;
type Pushes = typeof browserPushes;
export type ClientRequest = RequestName<Methods>;
export type ClientEvent = EventName<Methods>;
export type PushName = keyof Pushes & string;
export type PushParams<Name extends PushName> = ParamsOf<Pushes[Name]>;
export type Attachment = ResultOf<Methods['session.attach']>;

/** Why a connection will not come back by itself. */
export type EndReason = PushParams<'login.ended'>['reason'] | 'protocol_mismatch' | 'session_gone';

export type ConnectionState =
  | { kind: 'connecting' }
  | { kind: 'live' }
  | { kind: 'reconnecting'; attempt: number }
  /** The browser itself says that it has no network. */
  | { kind: 'offline' }
  | { kind: 'ended'; reason: EndReason };

const reconnect = { baseMs: 250, maxMs: 5_000 };
/** How often a connected server may answer "try again" before a request is given up. */
const retriesWhileLiveMax = 8;

export interface ConnectionOptions {
  /** Where the gateway is; the page's own origin when left out. */
  url?: string;
  /** A program's credential; a page is known by its cookie. */
  token?: string;
  sessionId: SessionId;
  clock: Clock;
  random: Random;
}

/**
 * The one socket of an IDE page. It attaches to its session after every connect and is `live` only then, so that
 * whatever is sent reaches the session. What comes in is checked against the wire tables.
 */
export class Connection implements Disposable {
  readonly #options: ConnectionOptions;
  readonly #socket: Socket;
  readonly #state = new Observable<ConnectionState>({ kind: 'connecting' });
  readonly #attached = new Emitter<Attachment>();
  readonly #ending = new Disposables();
  #attempt = 0;
  #retry: Disposable | undefined;

  constructor(options: ConnectionOptions) {
    this.#options = options;
    const settings = {
      path: '/socket.io',
      transports: ['websocket'],
      auth: { protocol: protocolVersions, ...(options.token === undefined ? {} : { token: options.token }) },
      // Ours, because Socket.IO gives up when the server itself ends or refuses a connection.
      reconnection: false,
      forceNew: true,
      timeout: limits.handshakeTimeoutMs,
    };
    this.#socket = options.url === undefined ? io(settings) : io(options.url, settings);
    this.#socket.on('connect', () => void this.#attach());
    this.#socket.on('disconnect', () => this.#reconnectLater());
    this.#socket.on('connect_error', (error) => this.#refused(error));
    this.on('login.ended', ({ reason }) => this.#end(reason));
    this.#ending.defer(() => this.#retry?.[Symbol.dispose]());
    this.#watchNetwork();
  }

  get state(): Readable<ConnectionState> {
    return this.#state;
  }

  get live(): boolean {
    return this.#state.get().kind === 'live';
  }

  /** Hears each attachment, the first and those after a reconnect. */
  onAttached(listener: (attachment: Attachment) => void): Disposable {
    return this.#attached.on(listener);
  }

  /** Hears a push of the gateway until disposed. A push that does not fit its table is dropped. */
  on<Name extends PushName>(name: Name, listener: (params: PushParams<Name>) => void): Disposable {
    const handler = (raw: unknown) => {
      const checked = browserPushes[name].params.safeParse(raw);
      if (checked.success) listener(checked.data as PushParams<Name>);
    };
    this.#socket.on(name as string, handler);
    return toDisposable(() => this.#socket.off(name as string, handler));
  }

  /** Sends an event; false, and nothing sent, when not live. */
  emit<Name extends ClientEvent>(name: Name, params: InputOf<Methods[Name]>): boolean {
    if (!this.live) return false;
    this.#socket.emit(name as string, params);
    return true;
  }

  /**
   * Sends a request once.
   * @throws CoditectError what the server answered; `workspace_unavailable` when not live or when no answer came, and
   * then it is not known whether the request was carried out.
   */
  async request<Name extends ClientRequest>(
    name: Name,
    params: InputOf<Methods[Name]>,
  ): Promise<ResultOf<Methods[Name]>> {
    if (!this.live) throw unreachable('There is no connection right now.');
    return this.#send(name, params);
  }

  /**
   * Sends a request until it is answered, over reconnects: for reads and for what a repetition does not do twice.
   * @throws CoditectError what the server answered, or `workspace_unavailable` when it is disposed or ended.
   */
  async persist<Name extends ClientRequest>(
    name: Name,
    params: InputOf<Methods[Name]>,
  ): Promise<ResultOf<Methods[Name]>> {
    return this.retry(() => this.request(name, params));
  }

  /** Repeats `work` while it fails for want of a connection, or with an error that may pass; the latter a few times only. */
  async retry<T>(work: () => Promise<T>, onWait: (reason: Problem) => void = () => {}): Promise<T> {
    for (let retries = 0; ; ) {
      await this.#whenLive();
      try {
        return await work();
      } catch (error) {
        if (!isCoditectError(error) || !errorTable[error.code].retryable || error.code === 'storage_full') throw error;
        onWait(error.toProblem());
        if (!this.live) continue;
        if (retries === retriesWhileLiveMax) throw error;
        const waitMs = error.details.retryAfterMs ?? backoffMs(reconnect, retries, this.#options.random);
        retries += 1;
        await new Promise<void>((resolve) => void this.#ending.add(this.#options.clock.after(waitMs, resolve)));
      }
    }
  }

  /** Connects at once instead of waiting for the next try. */
  reconnectNow(): void {
    if (this.#ending.ended || this.#state.get().kind === 'ended' || this.#socket.active) return;
    this.#retry?.[Symbol.dispose]();
    this.#socket.connect();
  }

  [Symbol.dispose](): void {
    this.#ending[Symbol.dispose]();
    this.#socket.disconnect();
  }

  async #send<Name extends ClientRequest>(
    name: Name,
    params: InputOf<Methods[Name]>,
  ): Promise<ResultOf<Methods[Name]>> {
    const answer = await this.#socket
      .timeout(limits.requestTimeoutMs)
      .emitWithAck(name as string, params)
      .catch(() => {
        throw unreachable('The connection was lost before the answer came.');
      });
    const checked = parse(reply, answer);
    if (!checked.ok) throw CoditectError.fromProblem(checked.problem);
    return parse(browserMethods[name].result, checked.result) as ResultOf<Methods[Name]>;
  }

  async #attach(): Promise<void> {
    try {
      const attachment = await this.#send('session.attach', { sessionId: this.#options.sessionId });
      if (!this.#socket.connected) return;
      this.#attempt = 0;
      this.#state.set({ kind: 'live' });
      this.#attached.emit(attachment);
    } catch (error) {
      if (isCoditectError(error, 'not_found')) return this.#end('session_gone');
      if (isCoditectError(error, 'unauthenticated')) return this.#end('expired');
      // Whatever it was, a fresh connection is a fresh try; `disconnect` plans it.
      if (this.#socket.connected) {
        this.#socket.disconnect();
        this.#reconnectLater();
      }
    }
  }

  #refused(error: Error): void {
    const refusal = problem.safeParse('data' in error ? error.data : undefined);
    const code = refusal.success ? refusal.data.code : undefined;
    if (code === 'unauthenticated') this.#end('expired');
    else if (code === 'protocol_mismatch') this.#end('protocol_mismatch');
    else this.#reconnectLater();
  }

  #reconnectLater(): void {
    if (this.#ending.ended || this.#state.get().kind === 'ended') return;
    this.#attempt += 1;
    this.#state.set(isOnline() ? { kind: 'reconnecting', attempt: this.#attempt } : { kind: 'offline' });
    this.#retry?.[Symbol.dispose]();
    const waitMs = backoffMs(reconnect, this.#attempt - 1, this.#options.random);
    this.#retry = this.#options.clock.after(waitMs, () => this.#socket.connect());
  }

  #end(reason: EndReason): void {
    this.#state.set({ kind: 'ended', reason });
    this.#retry?.[Symbol.dispose]();
    this.#socket.disconnect();
  }

  #whenLive(): Promise<void> {
    return new Promise((resolve, reject) => {
      const look = () => {
        const { kind } = this.#state.get();
        if (kind === 'live') stop(resolve);
        else if (kind === 'ended' || this.#ending.ended) stop(() => reject(unreachable('The connection has ended.')));
      };
      const unsubscribe = this.#state.subscribe(look);
      const stop = (settle: () => void) => {
        unsubscribe();
        settle();
      };
      look();
    });
  }

  #watchNetwork(): void {
    if (typeof window === 'undefined') return;
    const online = () => this.reconnectNow();
    window.addEventListener('online', online);
    this.#ending.defer(() => window.removeEventListener('online', online));
  }
}

function isOnline(): boolean {
  return typeof navigator === 'undefined' || navigator.onLine !== false;
}

function unreachable(message: string): CoditectError {
  return new CoditectError('workspace_unavailable', message);
}
