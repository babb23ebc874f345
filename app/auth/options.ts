import type { AuthOptions } from 'next-auth';
import Credentials from 'next-auth/providers/credentials';
import { loginCookieName } from '../../lib/contracts/cookies.ts';
import { isCoditectError, parse } from '../../lib/contracts/errors.ts';
import { limits } from '../../lib/contracts/limits.ts';
import { credentials } from '../../lib/contracts/records.ts';
import { services } from '../../lib/services.ts';
import { loginCookieOptions } from './cookie.ts';
import { peerOf } from './peer.ts';

const maxAge = limits.loginMsMax / 1000;

/**
 * next-auth with our own token: its cookie holds the very JWT that the API takes as Bearer and the gateway checks.
 * A refusal shows as `CredentialsSignin`; too many tries as `rate_limited:<milliseconds to wait>`.
 */
export function authOptions(): AuthOptions {
  const { accounts, site } = services();
  return {
    secret: site.authSecret,
    session: { strategy: 'jwt', maxAge },
    pages: { signIn: '/login', error: '/login' },
    cookies: {
      sessionToken: { name: loginCookieName(site.secureCookies), options: loginCookieOptions() },
      csrfToken: { name: `${site.secureCookies ? '__Host-' : ''}coditect-csrf`, options: loginCookieOptions() },
    },
    providers: [
      Credentials({
        credentials: { email: {}, password: {} },
        async authorize(input, request) {
          try {
            const headers = new Headers(request.headers as Record<string, string>);
            const { token, user } = await accounts.login(parse(credentials, input), peerOf(headers));
            return { id: user.userId, token };
          } catch (error) {
            if (isCoditectError(error, 'rate_limited'))
              throw new Error(`rate_limited:${error.details.retryAfterMs ?? 0}`);
            if (isCoditectError(error)) return null;
            throw error;
          }
        },
      }),
    ],
    jwt: {
      maxAge,
      encode: async ({ token }) => (typeof token?.credential === 'string' ? token.credential : ''),
      // Refused here, a login that has ended is refused everywhere and the cookie goes.
      async decode({ token }) {
        if (!token) return null;
        const caller = await accounts.authenticate(token).catch(() => null);
        return caller && { credential: token, sub: caller.userId };
      },
    },
    callbacks: {
      jwt: ({ token, user }) => (user && 'token' in user ? { credential: user.token, sub: user.id } : token),
      session: ({ session }) => ({ expires: session.expires }),
    },
    events: {
      async signOut({ token }) {
        if (typeof token?.credential !== 'string') return;
        const caller = await accounts.authenticate(token.credential);
        await accounts.logout(caller, { address: 'unknown', userAgent: '' });
      },
    },
  };
}
