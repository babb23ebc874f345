import { cookies } from 'next/headers';
import { loginCookieName } from '../../lib/contracts/cookies.ts';
import type { IssuedToken } from '../../lib/contracts/services/accounts.ts';
import { services } from '../../lib/services.ts';

/** How the login cookie is set, by next-auth and by us alike. */
export function loginCookieOptions() {
  return { httpOnly: true, sameSite: 'lax', path: '/', secure: services().site.secureCookies } as const;
}

/** Signs this browser in. For server actions. */
export async function setLoginCookie({ token, expiresAt }: IssuedToken): Promise<void> {
  const jar = await cookies();
  jar.set(loginCookieName(services().site.secureCookies), token, {
    ...loginCookieOptions(),
    expires: new Date(expiresAt),
  });
}

/** Forgets the token. The login itself is ended by `accounts.logout`. For server actions. */
export async function clearLoginCookie(): Promise<void> {
  const jar = await cookies();
  jar.set(loginCookieName(services().site.secureCookies), '', { ...loginCookieOptions(), maxAge: 0 });
}
