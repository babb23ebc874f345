import { headers } from 'next/headers';
import { peerAddressHeader } from '../../lib/contracts/headers.ts';
import type { Peer } from '../../lib/contracts/services/accounts.ts';

/** Where a request came from. */
export function peerOf(headers: Pick<Headers, 'get'>): Peer {
  return { address: headers.get(peerAddressHeader) ?? 'unknown', userAgent: headers.get('user-agent') ?? '' };
}

/** The same for pages and server actions. */
export async function requestPeer(): Promise<Peer> {
  return peerOf(await headers());
}
