import { createHash } from 'node:crypto';
import { lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { ignoreMatcher } from '../../../lib/contracts/ignore-rules.ts';
import { encodePath, type WirePath } from '../../../lib/contracts/path.ts';
import type { ReplayedFile } from '../../../lib/contracts/replay.ts';
import { typeOf } from '../look.ts';
import { absolutePath, joinRaw, type RawPath, wirePathOf } from '../raw-path.ts';

/** A folder in the form of a replayed trail, without what the rules ignore: what the trail ought to say. */
export function treeOnDisk(root: string, ignoreRules: readonly string[]): Map<WirePath, ReplayedFile> {
  const ignored = ignoreMatcher(ignoreRules);
  const tree = new Map<WirePath, ReplayedFile>();
  const walk = (folder: RawPath) => {
    for (const name of readdirSync(absolutePath(root, folder), { encoding: 'latin1' })) {
      const path = joinRaw(folder, name);
      if (ignored(path)) continue;
      const found = fileOnDisk(absolutePath(root, path));
      tree.set(wirePathOf(path), found);
      if (found.type === 'directory') walk(path);
    }
  };
  walk('');
  return tree;
}

function fileOnDisk(path: string | Buffer): ReplayedFile {
  const stats = lstatSync(path);
  const type = typeOf(stats);
  const isFile = type === 'file';
  return {
    type,
    mode: stats.mode & 0o7777,
    size: isFile ? stats.size : null,
    sha256: isFile ? createHash('sha256').update(readFileSync(path)).digest('hex') : null,
    linkTarget: type === 'symlink' ? encodePath(readlinkSync(path, 'buffer')) : null,
  };
}
