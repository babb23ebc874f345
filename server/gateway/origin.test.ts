import { expect, it } from 'vitest';
import { originAllowed } from './origin.ts';

const allowed = (publicUrl: string | undefined, origin: string | undefined, host: string | undefined) =>
  originAllowed(publicUrl, { origin, host });

it('is PUBLIC_URL’s alone when there is one', () => {
  const url = 'https://ide.example.com/';
  expect(allowed(url, 'https://ide.example.com', 'anything')).toBe(true);
  for (const origin of [
    ...[
      'http://ide.example.com',
      'https://ide.example.com:8443',
      'https://evil.example',
      'https://ide.example.com.evil.example',
    ],
    ...['http://localhost:3000', 'null', '', 'file://', undefined],
  ])
    expect(allowed(url, origin, 'ide.example.com'), String(origin)).toBe(false);
});

it('is any loopback name at the port of the request when there is none', () => {
  for (const name of ['localhost', '127.0.0.1', '[::1]', 'ide.localhost'])
    expect(allowed(undefined, `http://${name}:3000`, `${name}:3000`), name).toBe(true);
  for (const [origin, host] of [
    ['http://localhost:3001', 'localhost:3000'],
    ['http://127.0.0.1:3000', 'localhost:3000'],
    ['http://evil.example', 'evil.example'],
    ['http://localhost.evil.example:3000', 'localhost.evil.example:3000'],
    ['http://evil.example', '127.0.0.1:3000'],
    ['null', 'localhost:3000'],
    ['http://localhost:3000', undefined],
    ['chrome-extension://localhost:3000', 'localhost:3000'],
    [undefined, 'localhost:3000'],
  ])
    expect(allowed(undefined, origin, host), `${origin} at ${host}`).toBe(false);
});
