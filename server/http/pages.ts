import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import next from 'next';
import type { Config } from '../config.ts';

interface Pages {
  /** Readies Next; the handlers work after it. */
  prepare(): Promise<void>;
  handle(request: IncomingMessage, response: ServerResponse): Promise<void>;
  /** Hot reload's socket, in development. */
  upgrade?: (request: IncomingMessage, socket: Duplex, head: Buffer) => void;
  close(): Promise<void>;
}

/**
 * Next.js behind our own listener. It gets an HTTP server that never listens: its upgrade handling would otherwise
 * compete with the gateway's for every socket.
 */
export function openPages({
  root,
  development,
  config,
}: {
  root: string;
  development: boolean;
  config: Config;
}): Pages {
  if (config.PUBLIC_URL) process.env.NEXTAUTH_URL = config.PUBLIC_URL;
  else process.env.AUTH_TRUST_HOST = 'true';
  process.env.NEXT_TELEMETRY_DISABLED = '1';
  const neverListening = createServer();
  const app = next({
    dev: development,
    dir: root,
    httpServer: neverListening,
    hostname: config.HOST,
    port: config.PORT,
  });
  let handler: ReturnType<typeof app.getRequestHandler> | undefined;
  return {
    async prepare() {
      await app.prepare();
      handler = app.getRequestHandler();
    },
    async handle(request, response) {
      await handler?.(request, response);
    },
    ...(development
      ? { upgrade: (request, socket, head) => void neverListening.emit('upgrade', request, socket, head) }
      : {}),
    close: () => app.close(),
  };
}
