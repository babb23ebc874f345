import { encodePath, type WirePath } from '../../lib/contracts/path.ts';

/**
 * A path below the workspace's root as a byte string: one character (0 to 255) for each byte, `''` is the root. It is
 * what Linux has, compares and hashes like any string, and V8 keeps it in one byte a character.
 */
export type RawPath = string;

/** The form for `fs` calls: a string where that is the same bytes, else a Buffer. */
export function absolutePath(root: string, path: RawPath): string | Buffer {
  if (path === '') return root;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the range is ASCII.
  if (/^[\x00-\x7f]*$/.test(path)) return `${root}/${path}`;
  return Buffer.concat([Buffer.from(`${root}/`), Buffer.from(path, 'latin1')]);
}

export function wirePathOf(path: RawPath): WirePath {
  return encodePath(Buffer.from(path, 'latin1'));
}

export function rawPathOf(bytes: Uint8Array): RawPath {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
}

export function joinRaw(folder: RawPath, name: string): RawPath {
  return folder === '' ? name : `${folder}/${name}`;
}

export function parentOf(path: RawPath): RawPath {
  return path.slice(0, Math.max(0, path.lastIndexOf('/')));
}

/** Whether `path` is `folder` or lies below it. */
export function isWithinRaw(path: RawPath, folder: RawPath): boolean {
  return folder === '' || path === folder || path.startsWith(`${folder}/`);
}
