import { z } from 'zod';
import { limits } from './limits.ts';

/**
 * Paths are relative to `/workspace`: no leading slash, `''` is the root, no `.` or `..`, no empty segment. Linux
 * names are bytes, so in processes a path is bytes; on the wire it is text (see {@link encodePath}).
 */
export type WirePath = z.infer<typeof wirePath>;

const prefix = 'b64:';
const slash = 0x2f;
const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Bytes to wire text: the text itself if it is valid UTF-8 and does not begin with `b64:`, else `b64:` + base64url. */
export function encodePath(bytes: Uint8Array): WirePath {
  try {
    const text = strictUtf8.decode(bytes);
    if (!text.startsWith(prefix)) return text as WirePath;
  } catch {
    // Not UTF-8: falls through to base64url.
  }
  return (prefix + toBase64Url(bytes)) as WirePath;
}

/** Wire text to bytes; the inverse of {@link encodePath}. The text must satisfy {@link wirePath}. */
export function decodePath(path: WirePath): Uint8Array {
  if (path.startsWith(prefix)) return fromBase64Url(path.slice(prefix.length)) ?? new Uint8Array();
  return new TextEncoder().encode(path);
}

/** Why these bytes are no path inside the workspace, or undefined when they are one. */
export function pathFault(bytes: Uint8Array): string | undefined {
  if (bytes.length > limits.pathBytesMax) return `must be at most ${limits.pathBytesMax} bytes`;
  if (bytes.length === 0) return undefined;
  let start = 0;
  for (let index = 0; index <= bytes.length; index += 1) {
    if (index < bytes.length && bytes[index] === 0) return 'must not contain a NUL byte';
    if (index < bytes.length && bytes[index] !== slash) continue;
    const length = index - start;
    if (length === 0) return 'must be relative to the workspace, without empty segments or a slash at either end';
    if (length > limits.pathSegmentBytesMax) return `must have segments of at most ${limits.pathSegmentBytesMax} bytes`;
    if (bytes[start] === 0x2e && (length === 1 || (length === 2 && bytes[start + 1] === 0x2e)))
      return 'must not contain "." or ".." segments';
    start = index + 1;
  }
  return undefined;
}

/** A path as it stands on the wire, `''` (the root) included. */
export const wirePath = z
  .string()
  .max(limits.pathBytesMax * 2)
  .superRefine((path, context) => {
    const fault = wirePathFault(path);
    if (fault) context.addIssue({ code: 'custom', message: fault });
  })
  .brand<'WirePath'>();

/** A path of something below the root. */
export const wireEntryPath = wirePath.refine((path) => path !== '', 'must name something inside the workspace');

export const rootPath = '' as WirePath;

function wirePathFault(path: string): string | undefined {
  // A lone surrogate has no UTF-8 form and would change on the way.
  if (!path.isWellFormed()) return 'must be well-formed Unicode';
  if (!path.startsWith(prefix)) return pathFault(new TextEncoder().encode(path));
  const bytes = fromBase64Url(path.slice(prefix.length));
  if (!bytes) return 'must be base64url after "b64:"';
  // One path, one spelling: text that could stand as it is must.
  if (encodePath(bytes) !== path) return 'must be written as text when it is valid UTF-8';
  return pathFault(bytes);
}

/** The folder that holds `path`; `''` for something at the root, undefined for the root itself. */
export function parentPath(path: WirePath): WirePath | undefined {
  if (path === '') return undefined;
  const bytes = decodePath(path);
  return encodePath(bytes.subarray(0, Math.max(0, bytes.lastIndexOf(slash))));
}

/** The last segment, for display; invalid UTF-8 shows as U+FFFD. */
export function baseName(path: WirePath): string {
  const bytes = decodePath(path);
  return new TextDecoder().decode(bytes.subarray(bytes.lastIndexOf(slash) + 1));
}

/** The whole path for display; invalid UTF-8 shows as U+FFFD. */
export function displayPath(path: WirePath): string {
  return new TextDecoder().decode(decodePath(path));
}

/** `folder/name`, where the name is one segment in wire form. */
export function joinPath(folder: WirePath, name: WirePath): WirePath {
  if (folder === '') return name;
  const left = decodePath(folder);
  const right = decodePath(name);
  const bytes = new Uint8Array(left.length + 1 + right.length);
  bytes.set(left);
  bytes[left.length] = slash;
  bytes.set(right, left.length + 1);
  return encodePath(bytes);
}

/** Whether `path` is `folder` or lies below it. */
export function isWithin(path: WirePath, folder: WirePath): boolean {
  if (folder === '' || path === folder) return true;
  const inner = decodePath(path);
  const outer = decodePath(folder);
  return inner.length > outer.length && inner[outer.length] === slash && outer.every((byte, at) => byte === inner[at]);
}

function toBase64Url(bytes: Uint8Array): string {
  let binary = '';
  for (const byte of bytes) binary += String.fromCharCode(byte);
  return btoa(binary).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
}

function fromBase64Url(text: string): Uint8Array | undefined {
  if (!/^[A-Za-z0-9_-]*$/.test(text) || text.length % 4 === 1) return undefined;
  const binary = atob(text.replaceAll('-', '+').replaceAll('_', '/'));
  const bytes = Uint8Array.from(binary, (character) => character.charCodeAt(0));
  return toBase64Url(bytes) === text ? bytes : undefined;
}
