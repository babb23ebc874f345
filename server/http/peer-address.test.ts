import { expect, it } from 'vitest';
import { peerAddresses } from './peer-address.ts';

it('is the socket’s, whatever a stranger claims', () => {
  const peer = peerAddresses([]);
  expect(peer('203.0.113.9', '127.0.0.1')).toBe('203.0.113.9');
  expect(peer('::ffff:203.0.113.9', undefined)).toBe('203.0.113.9');
  expect(peer(undefined, undefined)).toBe('');
});

it('is the last address that no proxy of ours vouches for', () => {
  const peer = peerAddresses(['10.0.0.1', '10.0.0.2', '::1']);
  expect(peer('10.0.0.1', '198.51.100.4')).toBe('198.51.100.4');
  expect(peer('::ffff:10.0.0.1', '6.6.6.6, 198.51.100.4, 10.0.0.2')).toBe('198.51.100.4');
  expect(peer('::1', '2001:db8::1')).toBe('2001:db8::1');
  expect(peer('10.0.0.3', '198.51.100.4')).toBe('10.0.0.3');
});

it('stops at what is no address', () => {
  const peer = peerAddresses(['10.0.0.1']);
  for (const forwarded of ['', 'unknown', '198.51.100.4, <script>', ',', undefined])
    expect(peer('10.0.0.1', forwarded), forwarded).toBe('10.0.0.1');
});
