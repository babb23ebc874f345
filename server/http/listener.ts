import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Registry } from 'prom-client';
import type { Logger } from '../../lib/base/logger.ts';
import type { Random } from '../../lib/base/random.ts';
import { CoditectError, type Problem } from '../../lib/contracts/errors.ts';
import { peerAddressHeader } from '../../lib/contracts/headers.ts';
import { isLoopback } from '../config.ts';
import { secure } from './security-headers.ts';

type Handler = (request: IncomingMessage, response: ServerResponse) => Promise<void> | void;

interface Options {
  /** Next's handler for everything that is not answered here. */
  pages: Handler;
  /** Passes hot-reload sockets on, in development. */
  pagesUpgrade?: (request: IncomingMessage, socket: Duplex, head: Buffer) => void;
  metrics: Registry;
  /** @throws when the server should get no traffic. */
  ready(): Promise<void>;
  /** The address people open; without it only loopback names are served. */
  publicUrl: string | undefined;
  peerAddress(socketAddress: string | undefined, forwardedFor: string | undefined): string;
  random: Random;
  development: boolean;
  https: boolean;
  logger: Logger;
}

const socketPath = '/socket.io';

/** The public listener: health, metrics and security headers in front of the pages; sockets go to the gateway. */
export function makeListener(options: Options): Server {
  const server = createServer((request, response) => {
    handle(options, request, response).catch((error: unknown) => {
      options.logger.error({ error, url: request.url }, 'a request failed');
      if (!response.headersSent)
        sendProblem(
          response,
          new CoditectError('internal', 'Something failed on our side. It has been logged.').toProblem(),
        );
      else response.destroy();
    });
  });
  server.on('upgrade', (request, socket, head) => {
    const { pathname } = urlOf(request);
    if (pathname === socketPath || pathname.startsWith(`${socketPath}/`)) return;
    if (options.pagesUpgrade) return options.pagesUpgrade(request, socket, head);
    socket.end('HTTP/1.1 404 Not Found\r\nconnection: close\r\ncontent-length: 0\r\n\r\n');
  });
  return server;
}

async function handle(options: Options, request: IncomingMessage, response: ServerResponse): Promise<void> {
  secure(request, response, options);
  switch (urlOf(request).pathname) {
    case '/healthz':
      return sendText(response, 200, 'ok\n');
    case '/readyz':
      return options.ready().then(
        () => sendText(response, 200, 'ready\n'),
        (error: unknown) => {
          options.logger.warn({ error }, 'not ready');
          sendText(response, 503, 'not ready: the store does not answer\n');
        },
      );
    case '/metrics':
      return sendText(response, 200, await options.metrics.metrics(), options.metrics.contentType);
  }
  if (options.publicUrl === undefined && !isLoopback(hostName(request.headers.host))) {
    const words = `This server is not set up to be reached as "${request.headers.host ?? ''}". Set PUBLIC_URL to the address that people open.\n`;
    return sendText(response, 421, words);
  }
  // Next reads leniently: bytes that are no UTF-8 would name another file than the one that was meant.
  if (!isUtf8(request.url ?? ''))
    return sendProblem(
      response,
      new CoditectError('invalid_request', 'The address is not UTF-8. A path that is not is written as b64:….', {
        field: 'url',
      }).toProblem(),
    );
  const forwardedFor = request.headers['x-forwarded-for'];
  request.headers[peerAddressHeader] = options.peerAddress(request.socket.remoteAddress, forwardedFor?.toString());
  await options.pages(request, response);
}

function isUtf8(encoded: string): boolean {
  try {
    decodeURIComponent(encoded);
    return true;
  } catch {
    return false;
  }
}

const hostName = (host: string | undefined) =>
  URL.canParse(`http://${host}`) ? new URL(`http://${host}`).hostname : '';

function urlOf(request: IncomingMessage): { pathname: string } {
  const path = (request.url ?? '/').split('?', 1)[0] ?? '/';
  return { pathname: path };
}

function sendText(response: ServerResponse, status: number, text: string, type = 'text/plain; charset=utf-8'): void {
  response.writeHead(status, { 'content-type': type, 'cache-control': 'no-store' });
  response.end(text);
}

function sendProblem(response: ServerResponse, problem: Problem): void {
  response.writeHead(problem.status, { 'content-type': 'application/problem+json', 'cache-control': 'no-store' });
  response.end(JSON.stringify(problem));
}
