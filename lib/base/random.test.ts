import fc from 'fast-check';
import { expect, it } from 'vitest';
import { base32, newId, seededRandom, systemRandom } from './random.ts';

it('writes base32 as RFC 4648 says (its §10 vectors, in lower case, without padding)', () => {
  const vectors = {
    '': '',
    f: 'my',
    fo: 'mzxq',
    foo: 'mzxw6',
    foob: 'mzxw6yq',
    fooba: 'mzxw6ytb',
    foobar: 'mzxw6ytboi',
  };
  for (const [text, expected] of Object.entries(vectors)) expect(base32(Buffer.from(text))).toBe(expected);
});

it('writes different bytes of one length differently, in characters that fit a name', () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ minLength: 16, maxLength: 16 }),
      fc.uint8Array({ minLength: 16, maxLength: 16 }),
      (a, b) => {
        expect(base32(a)).toMatch(/^[a-z2-7]{26}$/);
        expect(base32(a) === base32(b)).toBe(Buffer.compare(a, b) === 0);
      },
    ),
  );
});

it('makes ids that do not repeat, and with a seed the same again', () => {
  expect(new Set(Array.from({ length: 1_000 }, () => newId(systemRandom))).size).toBe(1_000);
  const ids = (seed: number) => {
    const random = seededRandom(seed);
    return Array.from({ length: 50 }, () => newId(random));
  };
  expect(ids(7)).toEqual(ids(7));
  expect(new Set([...ids(7), ...ids(8)]).size).toBe(100);
});
