import type { Core } from './emulator-core.ts';

/** The parser's states, by its numbers: outside any sequence, and the sequences in which controls are executed. */
const ground = 0;
const oscString = 8;
const escapeToCsi = { first: 1, last: 6 };
/** Second bytes, after C2, of the characters that begin a sequence in UTF-8 text: DCS, SOS, CSI, OSC, PM, APC. */
const openers = new Set([0x90, 0x98, 0x9b, 0x9d, 0x9e, 0x9f]);

/**
 * The bytes of an escape sequence that the output has begun and not finished. They have had no effect yet, so a restored
 * terminal must be given them before what comes next.
 * @param tail the last output; a sequence that began before it is swallowed whole by the restored terminal
 */
export function unfinishedBytes(core: Core, tail: Uint8Array): Uint8Array {
  const { _parser: parser } = core._inputHandler;
  if (parser.currentState === ground) return new Uint8Array();
  const start = lastOpener(tail);
  // Only a string can be so long. One of the same kind, without what has gone, ends where it would have ended.
  if (start === undefined) return Buffer.from(parser.currentState === oscString ? '\x1b]' : '\x1bX');
  const bytes = tail.slice(start);
  const executesControls = parser.currentState >= escapeToCsi.first && parser.currentState <= escapeToCsi.last;
  // Control characters within these sequences have been executed already.
  return executesControls ? bytes.filter((byte, index) => index === 0 || byte >= 0x20) : bytes;
}

function lastOpener(tail: Uint8Array): number | undefined {
  for (let at = tail.length - 1; at >= 0; at -= 1) {
    if (tail[at] === 0x1b) return at;
    if (tail[at] === 0xc2 && openers.has(tail[at + 1] ?? 0)) return at;
  }
  return undefined;
}
