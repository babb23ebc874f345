import type { WirePath } from '../contracts/path.ts';

/** The text of an open file as the editor holds it; Monaco's model in the browser. */
export interface TextBuffer extends Disposable {
  /** The whole text, a byte order mark included. */
  text(): string;
  /** Replaces the whole text in a way that the person can undo, keeping the cursor where it can. */
  replace(text: string): void;
  /** The same number whenever the text is the same by undoing and redoing. */
  version(): number;
  /** Hears of every change. */
  onChange(listener: () => void): Disposable;
  /** The file has another name now, and perhaps another language. */
  rename(path: WirePath): void;
}

export interface TextBuffers {
  /** A buffer for a file; `key` is unique in the page. */
  create(file: { key: string; path: WirePath; text: string }): TextBuffer;
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** The text of these bytes, or undefined when they are not text: not UTF-8, or with a NUL byte. */
export function decodeText(bytes: Uint8Array): string | undefined {
  if (bytes.includes(0)) return undefined;
  try {
    return utf8.decode(bytes);
  } catch {
    return undefined;
  }
}
