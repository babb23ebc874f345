import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import { expect, it } from 'vitest';
import { systemRandom } from '../../lib/base/random.ts';
import { secure } from './security-headers.ts';

function secured(options: { development?: boolean; https?: boolean } = {}) {
  const request = new IncomingMessage(new Socket());
  // What a client sends under the name is not believed.
  request.headers['content-security-policy'] = "script-src 'nonce-mine'";
  const response = new ServerResponse(request);
  secure(request, response, { random: systemRandom, development: false, https: false, ...options });
  const policy = String(response.getHeader('content-security-policy'));
  return { request, response, rules: new Map(policy.split('; ').map((rule) => [rule.split(' ')[0], rule])), policy };
}

it('lets scripts run by a nonce alone that is new each time and that Next is told', () => {
  const { request, policy, rules } = secured();
  expect(rules.get('script-src')).toMatch(/^script-src 'self' 'nonce-[a-z2-7]{26}' 'strict-dynamic'$/);
  expect(request.headers['content-security-policy']).toBe(policy);
  expect(secured().policy).not.toBe(policy);
});

it('lets nobody frame the pages, nor anything come from elsewhere', () => {
  const { rules, response } = secured();
  expect(rules.get('frame-ancestors')).toBe("frame-ancestors 'none'");
  expect(rules.get('default-src')).toBe("default-src 'self'");
  expect(rules.get('object-src')).toBe("object-src 'none'");
  expect([...rules.values()].join()).not.toMatch(/\*|https?:/);
  expect(response.getHeaders()).toMatchObject({
    'x-content-type-options': 'nosniff',
    'x-frame-options': 'DENY',
    'referrer-policy': 'same-origin',
    'cross-origin-opener-policy': 'same-origin',
  });
});

it('asks for https where it is served so, and evaluates text in development alone', () => {
  expect(secured().response.getHeader('strict-transport-security')).toBeUndefined();
  const secureSite = secured({ https: true });
  expect(secureSite.response.getHeader('strict-transport-security')).toMatch(/^max-age=31536000/);
  expect(secureSite.rules.has('upgrade-insecure-requests')).toBe(true);
  expect(secured().policy).not.toContain('unsafe-eval');
  expect(secured({ development: true }).policy).toContain("'unsafe-eval'");
});
