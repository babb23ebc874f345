import argon2 from 'argon2';
import { CoditectError } from '../../lib/contracts/errors.ts';
import { limits } from '../../lib/contracts/limits.ts';

/** OWASP Password Storage Cheat Sheet: Argon2id with 19 MiB, two passes, one lane. */
const parameters = { type: argon2.argon2id, memoryCost: 19_456, timeCost: 2, parallelism: 1 } as const;
const concurrencyMax = 2;

export interface Passwords {
  /** An encoded Argon2id hash with its parameters. @throws CoditectError `rate_limited` when the queue is full. */
  hash(password: string): Promise<string>;
  /** Takes the same time whether or not there is a hash to compare with. @throws CoditectError `rate_limited`. */
  verify(password: string, hash: string | undefined): Promise<boolean>;
}

/** Hashing happens on libuv's threads; a bounded queue in front keeps them free for files. */
export function makePasswords(): Passwords {
  let running = 0;
  const waiting: (() => void)[] = [];
  // Compared with when the account does not exist, so that the answer takes as long.
  const decoy = argon2.hash('no account has this password', parameters);

  async function queued<T>(work: () => Promise<T>): Promise<T> {
    if (running < concurrencyMax) running += 1;
    else {
      if (waiting.length >= limits.passwordHashesQueuedMax)
        throw new CoditectError('rate_limited', 'Too many people are signing in at once. Try again in a moment.', {
          retryAfterMs: 2_000,
        });
      // Whoever ends hands its place on, so that nobody slips in between.
      await new Promise<void>((resolve) => waiting.push(resolve));
    }
    try {
      return await work();
    } finally {
      const next = waiting.shift();
      if (next) next();
      else running -= 1;
    }
  }

  return {
    hash: (password) => queued(() => argon2.hash(password, parameters)),
    verify: (password, hash) =>
      queued(async () => {
        const matches = await argon2.verify(hash ?? (await decoy), password);
        return matches && hash !== undefined;
      }),
  };
}
