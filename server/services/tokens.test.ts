import { base64url, SignJWT, UnsecuredJWT } from 'jose';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { seededRandom } from '../../lib/base/random.ts';
import { openMemoryStore } from '../store/memory.ts';
import { openWorld, secretKey, strangers, type World } from './testing/world.ts';
import { openTokens } from './tokens.ts';

let world: World;
beforeEach(async () => {
  world = await openWorld();
});
afterEach(() => world.close());

const { caller, place } = strangers(seededRandom(7));
const access = { type: 'access', userId: caller.userId, tenantId: caller.tenantId, loginId: caller.loginId } as const;
const enrolment = { type: 'enrolment', ...place, role: 'host' } as const;
const later = () => world.clock.now() + 60_000;

it('takes its own back, until they expire', async () => {
  const token = await world.tokens.sign(access, later());
  expect(await world.tokens.verify(token, 'access')).toEqual(access);
  await world.clock.advance(60_000);
  await expect(world.tokens.verify(token, 'access')).rejects.toMatchObject({ code: 'unauthenticated' });
});

it('takes one kind never for another', async () => {
  const token = await world.tokens.sign(enrolment, null);
  await expect(world.tokens.verify(token, 'access')).rejects.toMatchObject({ code: 'unauthenticated' });
  await expect(world.tokens.verify(token, 'workspace')).rejects.toMatchObject({ code: 'unauthenticated' });
  expect(await world.tokens.verify(token, 'workspace', 'enrolment')).toEqual(enrolment);
  await expect(
    world.tokens.verify(await world.tokens.sign(access, later()), 'enrolment', 'workspace'),
  ).rejects.toMatchObject({ code: 'unauthenticated' });
});

it('makes the same enrolment each time, so that a specification stays the same', async () => {
  expect(await world.tokens.sign(enrolment, null)).toBe(await world.tokens.sign(enrolment, null));
});

it('refuses what it did not sign', async () => {
  const token = await world.tokens.sign(access, later());
  const [header = '', payload = '', signature = ''] = token.split('.');
  const other = await openTokens({ ...world.context, store: openMemoryStore() }, secretKey);
  const altered = base64url.encode(
    JSON.stringify({ ...JSON.parse(Buffer.from(payload, 'base64url').toString()), userId: 'aaaa' }),
  );
  const hmac = await new SignJWT({ ...access })
    .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
    .setIssuer('coditect')
    .setAudience('access')
    .sign(Buffer.from(secretKey));
  const wrong = {
    'another key': await other.sign(access, later()),
    'no algorithm': new UnsecuredJWT({ ...access }).setIssuer('coditect').setAudience('access').encode(),
    'a secret as key': hmac,
    'altered claims': `${header}.${altered}.${signature}`,
    'a cut signature': `${header}.${payload}.${signature.slice(0, -4)}`,
    nothing: '',
    'no token': 'a.b.c',
    long: 'x'.repeat(100_000),
  };
  for (const [what, one] of Object.entries(wrong))
    await expect(world.tokens.verify(one, 'access'), what).rejects.toMatchObject({ code: 'unauthenticated' });
});

it('survives a restart under the same SECRET_KEY and names it under another', async () => {
  const token = await world.tokens.sign(access, later());
  const again = await openTokens(world.context, secretKey);
  expect(await again.verify(token, 'access')).toEqual(access);
  await expect(openTokens(world.context, `${secretKey}!`)).rejects.toMatchObject({
    code: 'invalid_request',
    message: expect.stringContaining('SECRET_KEY'),
    details: { field: 'SECRET_KEY' },
  });
});

it('opens one key when several servers start at once', async () => {
  const store = openMemoryStore();
  const all = await Promise.all(Array.from({ length: 5 }, () => openTokens({ ...world.context, store }, secretKey)));
  const signed = await Promise.all(all.map((tokens) => tokens.sign(enrolment, null)));
  expect(new Set(signed).size).toBe(1);
});
