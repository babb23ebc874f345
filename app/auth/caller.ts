import { cookies } from 'next/headers';
import { redirect } from 'next/navigation';
import { loginCookieName } from '../../lib/contracts/cookies.ts';
import { isCoditectError } from '../../lib/contracts/errors.ts';
import type { User } from '../../lib/contracts/records.ts';
import type { Caller } from '../../lib/contracts/services/accounts.ts';
import { services } from '../../lib/services.ts';

interface SignedIn {
  caller: Caller;
  user: User;
}

/** Who is signed in in this browser, with the login read anew; null when nobody is. */
export async function currentCaller(): Promise<SignedIn | null> {
  const { accounts, site } = services();
  const token = (await cookies()).get(loginCookieName(site.secureCookies))?.value;
  if (!token) return null;
  try {
    const caller = await accounts.authenticate(token);
    return { caller, user: await accounts.me(caller) };
  } catch (error) {
    if (isCoditectError(error, 'unauthenticated')) return null;
    throw error;
  }
}

/** Like {@link currentCaller}, but leads to the sign-in page when nobody is. */
export async function requireCaller(): Promise<SignedIn> {
  return (await currentCaller()) ?? redirect('/login');
}
