import { decodePath, encodePath, isWithin, type WirePath } from '../contracts/path.ts';

/** Where `path` went when `previousPath`, or a folder above it of that name, was renamed; undefined when it did not move. */
export function movedPath(
  path: WirePath,
  rename: { path: WirePath; previousPath: WirePath | null },
): WirePath | undefined {
  if (rename.previousPath === null || rename.previousPath === '' || !isWithin(path, rename.previousPath))
    return undefined;
  const rest = decodePath(path).subarray(decodePath(rename.previousPath).length);
  const head = decodePath(rename.path);
  const bytes = new Uint8Array(head.length + rest.length);
  bytes.set(head);
  bytes.set(rest, head.length);
  return encodePath(bytes);
}

/** The last segment in wire form: what `joinPath` takes as a name. */
export function segmentOf(path: WirePath): WirePath {
  const bytes = decodePath(path);
  return encodePath(bytes.subarray(bytes.lastIndexOf(0x2f) + 1));
}
