import { isInside, type KeyText, lowerBound, type TextRange } from './key-text.ts';
import type { WriteSet } from './write-set.ts';

/** What one transaction has read of the store, its own writes left out. */
export interface ReadSet {
  keys: Set<KeyText>;
  ranges: TextRange[];
}

interface Commit {
  version: number;
  writes: WriteSet;
}

/**
 * The keys written lately, by version, against which a transaction's reads are checked. It holds in memory what is
 * newer than the oldest transaction under way; everything older can no longer conflict.
 */
export class CommitLog {
  #commits: Commit[] = [];
  /** The newest version that wrote a key by itself, so that a check of single keys is one look-up each. */
  #newest = new Map<KeyText, number>();
  #clears: { version: number; range: TextRange }[] = [];

  add(version: number, writes: WriteSet): void {
    this.#commits.push({ version, writes });
    for (const key of writes.keys) this.#newest.set(key, version);
    for (const range of writes.cleared) this.#clears.push({ version, range });
  }

  /** Whether anything that was read at version `since` has been written later. */
  conflicts(reads: ReadSet, since: number): boolean {
    const clears = this.#clears.filter((clear) => clear.version > since).map((clear) => clear.range);
    for (const key of reads.keys) {
      if ((this.#newest.get(key) ?? 0) > since) return true;
      if (clears.some((range) => isInside(range, key))) return true;
    }
    if (reads.ranges.length === 0) return false;
    if (reads.ranges.some((read) => clears.some((clear) => clear.begin < read.end && read.begin < clear.end)))
      return true;
    const later = this.#commits.slice(lowerBoundOfVersion(this.#commits, since + 1));
    return later.some(({ writes }) => reads.ranges.some((range) => touches(writes.keys, range)));
  }

  /** Forgets what no transaction that started at `oldest` or later can conflict with. */
  forgetUpTo(oldest: number): void {
    const count = lowerBoundOfVersion(this.#commits, oldest + 1);
    if (count === 0) return;
    for (const { version, writes } of this.#commits.splice(0, count)) {
      for (const key of writes.keys) if (this.#newest.get(key) === version) this.#newest.delete(key);
    }
    this.#clears = this.#clears.filter((clear) => clear.version > oldest);
  }

  /** Commits remembered. */
  get size(): number {
    return this.#commits.length;
  }
}

function touches(keys: readonly KeyText[], range: TextRange): boolean {
  const first = keys[lowerBound(keys, range.begin, (key) => key)];
  return first !== undefined && first < range.end;
}

function lowerBoundOfVersion(commits: readonly Commit[], version: number): number {
  const index = commits.findIndex((commit) => commit.version >= version);
  return index === -1 ? commits.length : index;
}
