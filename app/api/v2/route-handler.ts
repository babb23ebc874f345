import type { z } from 'zod';
import { CoditectError, isCoditectError, parse, toProblem } from '../../../lib/contracts/errors.ts';
import { limits } from '../../../lib/contracts/limits.ts';
import type { Caller, Peer } from '../../../lib/contracts/services/accounts.ts';
import { services } from '../../../lib/services.ts';
import { peerOf } from '../../auth/peer.ts';

export interface Call<Params> {
  request: Request;
  params: Params;
  peer: Peer;
}

type Route<Params> = (request: Request, context: { params: Promise<Params> }) => Promise<Response>;

/** A route that needs no login. */
export function publicRoute<Params = Record<string, never>>(
  handle: (call: Call<Params>) => Promise<Response>,
): Route<Params> {
  return (request, context) =>
    answering(async () => handle({ request, params: await context.params, peer: peerOf(request.headers) }));
}

/** A route for a signed-in caller. Bearer only: a cookie would let another site's page call it. */
export function callerRoute<Params = Record<string, never>>(
  handle: (call: Call<Params> & { caller: Caller }) => Promise<Response>,
): Route<Params> {
  return (request, context) =>
    answering(async () => {
      const caller = await services().accounts.authenticate(bearer(request));
      return handle({ request, params: await context.params, peer: peerOf(request.headers), caller });
    });
}

/** The one boundary of HTTP errors: problem details (RFC 9457). */
async function answering(work: () => Promise<Response>): Promise<Response> {
  try {
    return await work();
  } catch (error) {
    if (!isCoditectError(error)) services().site.logUnexpected(error);
    const problem = toProblem(error);
    const headers: Record<string, string> = { 'content-type': 'application/problem+json', 'cache-control': 'no-store' };
    if (problem.retryAfterMs !== undefined) headers['retry-after'] = String(Math.ceil(problem.retryAfterMs / 1000));
    if (problem.status === 401) headers['www-authenticate'] = 'Bearer';
    return new Response(JSON.stringify(problem), { status: problem.status, headers });
  }
}

function bearer(request: Request): string {
  const [scheme, token] = (request.headers.get('authorization') ?? '').split(' ');
  if (scheme?.toLowerCase() !== 'bearer' || !token)
    throw new CoditectError('unauthenticated', 'Send the token as "Authorization: Bearer <token>".');
  return token;
}

export function json(value: unknown, status = 200): Response {
  return Response.json(value, { status, headers: { 'cache-control': 'no-store' } });
}

export const noContent = (): Response => new Response(null, { status: 204 });

/**
 * The request's JSON body, checked.
 * @throws CoditectError `too_large` beyond `limits.httpBodyBytesMax`, `invalid_request` naming the field at fault.
 */
export async function body<Schema extends z.ZodType>(request: Request, schema: Schema): Promise<z.output<Schema>> {
  if (!/^application\/json\b/i.test(request.headers.get('content-type') ?? ''))
    throw new CoditectError('invalid_request', 'Send the body as JSON with "Content-Type: application/json".', {
      field: 'content-type',
    });
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of request.body ?? []) {
    length += chunk.length;
    if (length > limits.httpBodyBytesMax)
      throw new CoditectError('too_large', `The body may be ${limits.httpBodyBytesMax} bytes at most.`);
    chunks.push(chunk);
  }
  return parse(schema, parseJson(Buffer.concat(chunks).toString('utf8')));
}

/** The query string, checked. A name given twice is refused. */
export function query<Schema extends z.ZodType>(request: Request, schema: Schema): z.output<Schema> {
  const values = new Map<string, string>();
  for (const [name, value] of new URL(request.url).searchParams) {
    if (values.has(name)) throw new CoditectError('invalid_request', `${name}: must be given once`, { field: name });
    values.set(name, value);
  }
  return parse(schema, Object.fromEntries(values));
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new CoditectError('invalid_request', 'The body is not JSON.');
  }
}
