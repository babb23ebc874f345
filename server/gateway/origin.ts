import { isLoopback } from '../config.ts';

/**
 * Whether a request comes from the product's own pages. With `PUBLIC_URL` only its origin counts; without, any
 * loopback name at the port of the Host header, so that `localhost`, `127.0.0.1` and a forwarded port work alike.
 * A request without an Origin is no browser's page and has to bring a Bearer token.
 */
export function originAllowed(
  publicUrl: string | undefined,
  request: { origin: string | undefined; host: string | undefined },
): boolean {
  const origin = parseOrigin(request.origin);
  if (!origin) return false;
  if (publicUrl !== undefined) return origin.origin === new URL(publicUrl).origin;
  const host = parseOrigin(`http://${request.host ?? ''}`);
  return host !== undefined && isLoopback(origin.hostname) && isLoopback(host.hostname) && origin.host === host.host;
}

function parseOrigin(text: string | undefined): URL | undefined {
  if (text === undefined || !URL.canParse(text)) return undefined;
  const url = new URL(text);
  return url.protocol === 'http:' || url.protocol === 'https:' ? url : undefined;
}
