import { loginCookieName } from '../../lib/contracts/cookies.ts';

/** The login token in a Cookie header, which an upgrade request carries unparsed. */
export function cookieToken(secure: boolean, header: string | undefined): string | undefined {
  const prefix = `${loginCookieName(secure)}=`;
  const pair = header?.split(';').find((part) => part.trim().startsWith(prefix));
  return pair?.trim().slice(prefix.length);
}
