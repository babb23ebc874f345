import { io, type Socket } from 'socket.io-client';
import { expect } from 'vitest';
import { protocolVersions } from '../../lib/contracts/protocol/method.ts';
import type { RunningServer } from './running-server.ts';

export type ApiOptions = {
  method?: string;
  token?: string;
  json?: unknown;
  body?: BodyInit;
  headers?: Record<string, string>;
};

/** A client of the API. A refusal must be a problem, whatever was asked. */
export const apiOf = (server: RunningServer) =>
  async function api(path: string, { method, token, json, body, headers = {} }: ApiOptions = {}) {
    const response = await fetch(`${server.url}/api/v2${path}`, {
      method: method ?? (json === undefined && body === undefined ? 'GET' : 'POST'),
      headers: {
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        ...(json === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(json === undefined ? (body === undefined ? {} : { body }) : { body: JSON.stringify(json) }),
    });
    const bytes = Buffer.from(await response.arrayBuffer());
    const type = response.headers.get('content-type') ?? '';
    const isJson = type.includes('json') && bytes.length > 0;
    const value = isJson ? JSON.parse(bytes.toString()) : undefined;
    if (response.status >= 400) {
      expect(type, path).toBe('application/problem+json');
      expect(value, path).toMatchObject({
        status: response.status,
        code: expect.any(String),
        detail: expect.any(String),
      });
    }
    return {
      status: response.status,
      headers: response.headers,
      value,
      bytes,
      code: value?.code as string | undefined,
    };
  };

/** Signs in as a browser does, through next-auth, and answers with its cookie. */
export async function browserLogin(
  server: RunningServer,
  { email, password }: { email: string; password: string },
): Promise<{ cookie: string; token: string; csrf: string }> {
  const first = await fetch(`${server.url}/api/auth/csrf`);
  const csrfCookie = (first.headers.getSetCookie()[0] ?? '').split(';')[0] ?? '';
  const { csrfToken } = (await first.json()) as { csrfToken: string };
  const form = new URLSearchParams({ csrfToken, email, password, json: 'true', callbackUrl: server.url });
  const answer = await fetch(`${server.url}/api/auth/callback/credentials`, {
    method: 'POST',
    headers: { cookie: csrfCookie, 'content-type': 'application/x-www-form-urlencoded' },
    body: form,
    redirect: 'manual',
  });
  const set = answer.headers.getSetCookie().find((one) => one.startsWith('coditect-session=')) ?? '';
  expect(set).toMatch(/HttpOnly/i);
  expect(set).toMatch(/SameSite=Lax/i);
  const cookie = set.split(';')[0] ?? '';
  return { cookie: `${cookie}; ${csrfCookie}`, token: cookie.slice('coditect-session='.length), csrf: csrfToken };
}

/** A browser's socket, or a program's when it brings a token. */
export function openSocket(
  server: RunningServer,
  options: { token?: string; headers?: Record<string, string> },
): Socket {
  return io(server.url, {
    ...{ transports: ['websocket'], forceNew: true, reconnection: false },
    auth: { protocol: protocolVersions, ...(options.token ? { token: options.token } : {}) },
    extraHeaders: options.headers ?? {},
  });
}
/** `welcome`, or why not. */
export const outcomeOf = (of: Socket) =>
  new Promise<string>((done) => {
    of.once('welcome', () => done('welcome'));
    of.once('connect_error', (error: Error & { data?: { code: string } }) => done(error.data?.code ?? 'refused'));
  });
