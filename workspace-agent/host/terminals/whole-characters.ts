/**
 * The greatest length up to `max` at which `bytes` can be cut without splitting a UTF-8 character. xterm's decoder loses
 * a character that comes in two pieces when a byte of it is 0x80, as in every dash and ellipsis; so no piece of output
 * is ever cut inside one.
 */
export function wholeCharacters(bytes: Uint8Array, max = bytes.length): number {
  const end = Math.min(max, bytes.length);
  for (let back = 1; back <= Math.min(3, end); back += 1) {
    const byte = bytes[end - back] ?? 0;
    if ((byte & 0xc0) !== 0x80) return lengthOf(byte) > back ? end - back : end;
  }
  return end;
}

/** By its first byte. */
function lengthOf(lead: number): number {
  if (lead >= 0xf0) return 4;
  if (lead >= 0xe0) return 3;
  return lead >= 0xc0 ? 2 : 1;
}
