import { expect, it } from 'vitest';
import { limits } from '../../lib/contracts/limits.ts';
import { makePasswords } from './passwords.ts';

it('hashes with Argon2id as OWASP asks and tells right from wrong', async () => {
  const passwords = makePasswords();
  const hash = await passwords.hash('correct horse battery');
  expect(hash).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
  expect(await passwords.verify('correct horse battery', hash)).toBe(true);
  expect(await passwords.verify('correct horse batterx', hash)).toBe(false);
  expect(await passwords.verify('no account has this password', undefined)).toBe(false);
});

it('queues passwordHashesQueuedMax beyond the two under way and refuses more, then goes on', async () => {
  const passwords = makePasswords();
  const all = await Promise.allSettled(
    Array.from({ length: limits.passwordHashesQueuedMax + 2 + 3 }, () => passwords.hash('correct horse battery')),
  );
  const refused = all.flatMap((one) => (one.status === 'rejected' ? [one.reason] : []));
  expect(refused).toHaveLength(3);
  expect(refused[0]).toMatchObject({ code: 'rate_limited' });
  await passwords.hash('correct horse battery');
});
