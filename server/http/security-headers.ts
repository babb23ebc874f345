import type { IncomingMessage, ServerResponse } from 'node:http';
import { base32, type Random } from '../../lib/base/random.ts';

const fixed: Record<string, string> = {
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'same-origin',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'permissions-policy': 'camera=(), microphone=(), geolocation=(), payment=()',
};

/**
 * The content security policy of one page. Scripts run by the nonce alone; styles need `unsafe-inline` because Monaco
 * and xterm write style elements; development adds `unsafe-eval` for hot reload.
 */
export function contentSecurityPolicy(of: { nonce: string; development: boolean; https: boolean }): string {
  const rules = [
    "default-src 'self'",
    `script-src 'self' 'nonce-${of.nonce}' 'strict-dynamic'${of.development ? " 'unsafe-eval'" : ''}`,
    "worker-src 'self'",
    "style-src 'self' 'unsafe-inline'",
    "img-src 'self' data:",
    "font-src 'self'",
    "connect-src 'self'",
    "object-src 'none'",
    "base-uri 'self'",
    "form-action 'self'",
    "frame-ancestors 'none'",
  ];
  if (of.https) rules.push('upgrade-insecure-requests');
  return rules.join('; ');
}

/** Sets the headers of every answer, and the policy on the request too: Next reads the nonce from there. */
export function secure(
  request: IncomingMessage,
  response: ServerResponse,
  options: { random: Random; development: boolean; https: boolean },
): void {
  const policy = contentSecurityPolicy({ nonce: base32(options.random.bytes(16)), ...options });
  request.headers['content-security-policy'] = policy;
  response.setHeader('content-security-policy', policy);
  for (const [name, value] of Object.entries(fixed)) response.setHeader(name, value);
  if (options.https) response.setHeader('strict-transport-security', 'max-age=31536000; includeSubDomains');
}
