import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
import { Server, type Socket } from 'socket.io';
import { systemClock } from '../../base/clock.ts';
import { systemRandom } from '../../base/random.ts';
import { CoditectError, parse, toProblem } from '../../contracts/errors.ts';
import type { SessionId } from '../../contracts/ids.ts';
import { browserMethods, type browserPushes } from '../../contracts/protocol/browser.ts';
import type { InputOf, ParamsOf, ResultOf } from '../../contracts/protocol/method.ts';
import type { Session, Terminal, Workspace } from '../../contracts/records.ts';
import { Connection } from '../connection.ts';

type Methods = typeof browserMethods;
type Handlers = {
  [Name in keyof Methods]?: (
    params: ParamsOf<Methods[Name]>,
  ) => ResultOf<Methods[Name]> | Promise<ResultOf<Methods[Name]>>;
};

const ids = {
  sessionId: 'aaaa' as SessionId,
  userId: 'bbbb' as Session['userId'],
  tenantId: 'cccc' as Session['tenantId'],
  workspaceId: 'dddd' as Session['workspaceId'],
};
export const testSession: Session = {
  ...ids,
  ...{ name: 'Test', podNamespace: '', podName: '', createdAt: 1, lastAccessAt: 1, status: 'active' },
  ...{ files: [], agents: [], websocketConnected: true, layout: null },
};
export const testWorkspace: Workspace = {
  ...{ workspaceId: ids.workspaceId, userId: ids.userId, status: 'running', stages: [], error: null, createdAt: 1 },
};

export function testTerminal(change: Partial<Terminal> = {}): Terminal {
  const terminalId = 'tttt' as Terminal['terminalId'];
  const size = { columns: 80, rows: 24 };
  return {
    terminalId,
    sessionId: ids.sessionId,
    title: '',
    ...size,
    startedAt: 1,
    state: { kind: 'running' },
    ...change,
  };
}

/** A real Socket.IO server that speaks the browser's tables with the handlers a test gives it. */
export class TestGateway {
  readonly #http = createServer();
  readonly #io: Server;
  readonly handlers: Handlers = {};
  /** Every request and event that came in, in order. */
  readonly heard: { name: string; params: unknown }[] = [];
  terminals: Terminal[] = [];
  trail: ResultOf<Methods['trail.read']> = { entries: [], completeTo: 0, next: null };
  #url = '';
  #connections: Connection[] = [];

  constructor() {
    this.#io = new Server(this.#http, { path: '/socket.io', transports: ['websocket'] });
    this.#io.on('connection', (socket) => this.#serve(socket));
    this.handlers['session.attach'] = () => ({
      session: testSession,
      workspace: testWorkspace,
      monitor: { state: 'live', detail: null, watches: 1, pending: 0, version: '1' },
      terminals: this.terminals,
      trail: this.trail,
    });
  }

  static async open(): Promise<TestGateway> {
    const gateway = new TestGateway();
    await new Promise<void>((done) => gateway.#http.listen(0, '127.0.0.1', done));
    const address = gateway.#http.address();
    gateway.#url = typeof address === 'object' && address ? `http://127.0.0.1:${address.port}` : '';
    return gateway;
  }

  connect(): Connection {
    const { sessionId } = ids;
    const connection = new Connection({ url: this.#url, sessionId, clock: systemClock, random: systemRandom });
    this.#connections.push(connection);
    return connection;
  }

  push<Name extends keyof typeof browserPushes & string>(
    name: Name,
    params: InputOf<(typeof browserPushes)[Name]>,
  ): void {
    this.#io.emit(name, params);
  }

  /** Cuts every connection, as a network does. */
  cut(): void {
    for (const socket of this.#io.sockets.sockets.values()) socket.conn.close();
  }

  heardOf<Name extends keyof Methods>(name: Name): ParamsOf<Methods[Name]>[] {
    return this.heard.filter((one) => one.name === name).map((one) => one.params as ParamsOf<Methods[Name]>);
  }

  /** Refuses whoever connects from now on. */
  refuse(error: CoditectError): void {
    this.#io.use((_socket, next) => next(Object.assign(new Error(error.code), { data: error.toProblem() })));
  }

  async close(): Promise<void> {
    for (const connection of this.#connections) connection[Symbol.dispose]();
    await this.#io.close();
  }

  #serve(socket: Socket): void {
    for (const [name, row] of Object.entries(browserMethods)) {
      socket.on(name, async (raw: unknown, answer?: (reply: unknown) => void) => {
        try {
          const params = parse(row.params, raw);
          this.heard.push({ name, params });
          const handler = this.handlers[name as keyof Methods] as ((params: unknown) => unknown) | undefined;
          if (row.kind === 'event') return void handler?.(params);
          if (!handler) throw new CoditectError('not_found', `The test has no ${name}.`);
          answer?.({ ok: true, result: await handler(params) });
        } catch (error) {
          answer?.({ ok: false, problem: toProblem(error) });
        }
      });
    }
  }
}

/** Files in memory behind the file methods, with the host's rules for `baseHash` and op ids. */
export class TestFiles {
  readonly files = new Map<string, Uint8Array>();
  readonly #uploads = new Map<string, Uint8Array>();
  writes: string[] = [];

  serve(gateway: TestGateway): void {
    gateway.handlers['file.read'] = ({ path, offset, length }) => {
      const bytes = this.#get(path);
      const part = bytes.slice(offset, offset + length);
      const whole = part.length === bytes.length;
      return { bytes: part, size: bytes.length, stamp: hash(bytes), sha256: whole ? hash(bytes) : null, mode: 0o644 };
    };
    gateway.handlers['file.stat'] = ({ path, hash: wanted }) => {
      const bytes = this.#get(path);
      const sha256 = wanted ? hash(bytes) : null;
      return { path, type: 'file', mode: 0o644, size: bytes.length, modifiedAt: 1, linkTarget: null, sha256 };
    };
    gateway.handlers['file.write'] = (frame) => this.#write(frame);
  }

  put(path: string, text: string): void {
    this.files.set(path, new TextEncoder().encode(text));
  }

  text(path: string): string {
    return new TextDecoder().decode(this.#get(path));
  }

  #get(path: string): Uint8Array {
    const bytes = this.files.get(path);
    if (!bytes) throw new CoditectError('not_found', 'There is no such file.');
    return bytes;
  }

  #write({ opId, path, baseHash, size, offset, bytes }: ParamsOf<Methods['file.write']>) {
    const upload = offset === 0 ? new Uint8Array(size) : (this.#uploads.get(opId) ?? new Uint8Array(size));
    upload.set(bytes, offset);
    this.#uploads.set(opId, upload);
    if (offset + bytes.length < size) return { done: false as const, received: offset + bytes.length };
    const before = this.files.get(path);
    const sha256 = hash(upload);
    const met = before ? hash(before) : 'absent';
    const done = { done: true as const, sha256, writtenAt: 1 };
    if (met === sha256) return { ...done, unchanged: true };
    if (baseHash !== 'any' && baseHash !== met)
      throw new CoditectError('stale_write', 'Changed.', { facts: { sha256: met } });
    this.files.set(path, upload);
    this.writes.push(opId);
    return { ...done, unchanged: false };
  }
}

export function hash(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
