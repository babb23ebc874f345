import { createCipheriv, createDecipheriv, hkdfSync } from 'node:crypto';
import {
  type CryptoKey,
  calculateJwkThumbprint,
  exportJWK,
  generateKeyPair,
  importJWK,
  type JWK,
  jwtVerify,
  SignJWT,
} from 'jose';
import { z } from 'zod';
import { CoditectError, isCoditectError } from '../../lib/contracts/errors.ts';
import { loginId, tenantId, userId, workspaceId } from '../../lib/contracts/ids.ts';
import { workspaceRole } from '../../lib/contracts/protocol/workspace.ts';
import { operatorKeyspace } from '../store/keyspace.ts';
import type { ServiceContext } from './context.ts';

const issuer = 'coditect';
const algorithm = 'EdDSA';

/** What a token may be for. The type is its audience, so that one kind is never taken for another. */
const claims = z.discriminatedUnion('type', [
  z.object({ type: z.literal('access'), userId, tenantId, loginId }),
  /** Given to a workspace process by provisioning; good only for being exchanged. */
  z.object({ type: z.literal('enrolment'), tenantId, workspaceId, role: workspaceRole }),
  /** What a workspace process connects with. */
  z.object({ type: z.literal('workspace'), tenantId, workspaceId, role: workspaceRole }),
]);
export type TokenClaims = z.infer<typeof claims>;
type TokenType = TokenClaims['type'];

export interface Tokens {
  /** A signed JWT; `expiresAt` in milliseconds, null for a credential that lives as long as what it names. */
  sign(claims: TokenClaims, expiresAt: number | null): Promise<string>;
  /** @throws CoditectError `unauthenticated` unless the token is ours, unexpired and of one of `types`. */
  verify<Type extends TokenType>(token: string, ...types: Type[]): Promise<Extract<TokenClaims, { type: Type }>>;
}

/** Opens the installation's signing key, making it at the first start. It lies in the store encrypted under `secretKey`. */
export async function openTokens(context: ServiceContext, secretKey: string): Promise<Tokens> {
  const { kid, jwk } = await signingKey(context, secretKey);
  const key = (await importJWK(jwk, algorithm)) as CryptoKey;
  const { d: _, ...publicJwk } = jwk;
  const publicKey = (await importJWK(publicJwk, algorithm)) as CryptoKey;

  return {
    sign(input, expiresAt) {
      const { type, ...payload } = input;
      const jwt = new SignJWT(payload)
        .setProtectedHeader({ alg: algorithm, kid, typ: 'JWT' })
        .setIssuer(issuer)
        .setAudience(type);
      // A credential without an end is the same each time it is made, so that a workspace's spec stays the same.
      if (expiresAt !== null)
        jwt.setIssuedAt(Math.floor(context.clock.now() / 1000)).setExpirationTime(Math.floor(expiresAt / 1000));
      return jwt.sign(key);
    },
    async verify(token, ...types) {
      try {
        const { payload, protectedHeader } = await jwtVerify(token, publicKey, {
          issuer,
          audience: types,
          algorithms: [algorithm],
          typ: 'JWT',
          currentDate: new Date(context.clock.now()),
        });
        if (protectedHeader.kid !== kid)
          throw new CoditectError('unauthenticated', 'The token was signed by another key.');
        return claims.parse({ ...payload, type: payload.aud }) as never;
      } catch (error) {
        if (isCoditectError(error)) throw error;
        throw new CoditectError('unauthenticated', 'The token is not valid. Sign in again.', { cause: error });
      }
    },
  };
}

async function signingKey(context: ServiceContext, secretKey: string): Promise<{ kid: string; jwk: JWK }> {
  const pair = await generateKeyPair(algorithm, { extractable: true });
  const fresh = await exportJWK(pair.privateKey);
  const sealed = seal(JSON.stringify(fresh), secretKey, context.random.bytes(12));
  const stored = await context.store.transact(async (transaction) => {
    const found = await operatorKeyspace.signingKey.get(transaction, 'current');
    if (found === undefined) operatorKeyspace.signingKey.set(transaction, sealed, 'current');
    return found ?? sealed;
  });
  const jwk = JSON.parse(unseal(stored, secretKey)) as JWK;
  return { kid: await calculateJwkThumbprint(jwk), jwk };
}

const sealingKey = (secretKey: string) => Buffer.from(hkdfSync('sha256', secretKey, '', 'coditect signing keys', 32));

function seal(text: string, secretKey: string, nonce: Uint8Array): string {
  const cipher = createCipheriv('aes-256-gcm', sealingKey(secretKey), nonce);
  const body = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
  return Buffer.concat([nonce, cipher.getAuthTag(), body]).toString('base64url');
}

function unseal(sealed: string, secretKey: string): string {
  const bytes = Buffer.from(sealed, 'base64url');
  const decipher = createDecipheriv('aes-256-gcm', sealingKey(secretKey), bytes.subarray(0, 12));
  decipher.setAuthTag(bytes.subarray(12, 28));
  try {
    return Buffer.concat([decipher.update(bytes.subarray(28)), decipher.final()]).toString('utf8');
  } catch (error) {
    throw new CoditectError(
      'invalid_request',
      'SECRET_KEY is not the one this store’s signing keys were protected with. Set the former SECRET_KEY.',
      { field: 'SECRET_KEY', cause: error },
    );
  }
}
