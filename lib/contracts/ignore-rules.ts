/** Never recorded, whatever the rules say: where the host keeps a file while it is being written. */
export const alwaysIgnored = ['.coditect/tmp'] as const;

/**
 * Compiles ignore rules. A rule without `/` names any segment, one with `/` is a path from the root; `*` stands for
 * anything within a segment; what lies below an ignored path is ignored too.
 *
 * The result takes a path as a *byte string*: one character (0 to 255) for each byte, which compares names that are
 * not UTF-8 as what they are.
 */
export function ignoreMatcher(rules: readonly string[]): (path: string) => boolean {
  const patterns = [...alwaysIgnored, ...rules].map((rule) => {
    const body = byteString(new TextEncoder().encode(rule.replace(/^\/+|\/+$/g, '')))
      .replace(/[\\^$.+?()[\]{}|]/g, '\\$&')
      .replaceAll('*', '[^/]*');
    return rule.includes('/') ? `^${body}(?:/|$)` : `(?:^|/)${body}(?:/|$)`;
  });
  // The `s` flag is not needed: no pattern has a dot. A name may hold a newline, so `$` must mean the end alone.
  const pattern = new RegExp(patterns.join('|'));
  return (path) => pattern.test(path);
}

/** Bytes as a string with one character for each. */
export function byteString(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += String.fromCharCode(byte);
  return text;
}
