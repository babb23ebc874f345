import { BlockList, isIP } from 'node:net';

/** Answers with the address a request came from, believing X-Forwarded-For only from the proxies named. */
export function peerAddresses(
  trustedProxies: readonly string[],
): (socketAddress: string | undefined, forwardedFor: string | undefined) => string {
  const trusted = new BlockList();
  for (const address of trustedProxies) trusted.addAddress(address, isIP(address) === 6 ? 'ipv6' : 'ipv4');
  const isTrusted = (address: string) =>
    isIP(address) !== 0 && trusted.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4');
  return (socketAddress, forwardedFor) => {
    const hops = (forwardedFor ?? '').split(',').map((hop) => hop.trim());
    let address = plain(socketAddress ?? '');
    // From the nearest hop outwards, as far as each is one of ours.
    while (isTrusted(address) && hops.length > 0) {
      const next = plain(hops.pop() ?? '');
      if (isIP(next) === 0) break;
      address = next;
    }
    return address;
  };
}

/** IPv4 in IPv6's clothes is the same address. */
const plain = (address: string) => address.replace(/^::ffff:(?=\d+\.)/i, '');
