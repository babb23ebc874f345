import { type FileHandle, open, readFile, rename } from 'node:fs/promises';
import { dirname } from 'node:path';
import { crc32 } from 'node:zlib';
import { z } from 'zod';
import { spoolId } from '../../../lib/contracts/ids.ts';
import { fileType, gapReason } from '../../../lib/contracts/trail.ts';
import type { RawPath } from '../raw-path.ts';
import type { IndexHead } from './apply-entry.ts';
import { type IndexRecord, TreeIndex } from './tree-index.ts';

/** The index as of an entry of the spool: later entries are replayed onto it. */
export interface Checkpoint {
  spool: string;
  seq: number;
  head: IndexHead;
  index: TreeIndex;
}

const chunkBytes = 256 * 1024;
const headLine = z.object({
  version: z.literal(1),
  spool: spoolId,
  seq: z.int().min(0),
  rules: z.array(z.string()),
  openGap: gapReason.nullable(),
  based: z.boolean(),
});
const unhashedReasons = ['unreadable', 'too_large', 'changing'] as const;

/**
 * Writes the checkpoint beside the old one and puts it in its place, durably; answers its size in bytes. The index is
 * read in one go before the first wait, so that it is the state at `seq`; what happens meanwhile is in the spool.
 * It takes its place only after `durable`: the stored index never runs ahead of the spool.
 */
export async function writeCheckpoint(
  path: string,
  checkpoint: Checkpoint,
  durable: () => Promise<void>,
): Promise<number> {
  const chunks = serialize(checkpoint);
  const file = await open(`${path}.new`, 'w', 0o600);
  try {
    await writeAll(file, chunks);
    await file.sync();
  } finally {
    await file.close();
  }
  await durable();
  await rename(`${path}.new`, path);
  const folder = await open(dirname(path), 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
  return chunks.reduce((sum, chunk) => sum + chunk.length, 0);
}

/** The stored checkpoint; undefined when there is none that is whole. */
export async function readCheckpoint(path: string): Promise<Checkpoint | undefined> {
  const bytes = await readFile(path).catch(() => undefined);
  if (!bytes) return undefined;
  const end = bytes.lastIndexOf('\n', bytes.length - 2) + 1;
  const sum = bytes.toString('latin1', end).trim();
  if (sum !== checksum(bytes.subarray(0, end))) return undefined;
  let at = bytes.indexOf('\n') + 1;
  const head = headLine.safeParse(JSON.parse(bytes.toString('utf8', 0, at)));
  if (!head.success) return undefined;
  const index = new TreeIndex();
  while (at < end) {
    const next = bytes.indexOf('\n', at) + 1;
    const [file, record] = recordOf(JSON.parse(bytes.toString('utf8', at, next)));
    index.set(file, record);
    at = next;
  }
  const { spool, seq, rules, openGap, based } = head.data;
  return { spool, seq, head: { rules, openGap, based }, index };
}

type Line = [RawPath, number, ...(string | number | null)[]];

function serialize({ spool, seq, head, index }: Checkpoint): Buffer[] {
  const chunks: Buffer[] = [];
  let text = `${JSON.stringify({ version: 1, spool, seq, ...head })}\n`;
  let sum = 0;
  const flush = () => {
    const chunk = Buffer.from(text);
    sum = crc32(chunk, sum);
    chunks.push(chunk);
    text = '';
  };
  for (const [path, record] of index.entries()) {
    text += `${JSON.stringify(lineOf(path, record))}\n`;
    if (text.length >= chunkBytes) flush();
  }
  flush();
  chunks.push(Buffer.from(`${sum.toString(16)}\n`));
  return chunks;
}

function lineOf(path: RawPath, record: IndexRecord): Line {
  return [
    path,
    fileType.options.indexOf(record.type),
    record.mode,
    record.size,
    record.sha256,
    record.linkTarget,
    record.unhashed,
    record.inode,
    record.mtimeMs,
    record.ctimeMs,
    record.racy ? 1 : 0,
  ];
}

function recordOf(line: Line): [RawPath, IndexRecord] {
  const [path, type, mode, size, sha256, linkTarget, unhashed, inode, mtimeMs, ctimeMs, racy] = line;
  return [
    path,
    {
      type: fileType.options[type] ?? 'other',
      mode: numberOrNull(mode),
      size: numberOrNull(size),
      sha256: stringOrNull(sha256),
      linkTarget: stringOrNull(linkTarget),
      unhashed: unhashedReasons.find((reason) => reason === unhashed) ?? null,
      inode: Number(inode),
      mtimeMs: Number(mtimeMs),
      ctimeMs: Number(ctimeMs),
      racy: racy === 1,
    },
  ];
}

const numberOrNull = (value: unknown) => (typeof value === 'number' ? value : null);
const stringOrNull = (value: unknown) => (typeof value === 'string' ? value : null);

function checksum(bytes: Buffer): string {
  return crc32(bytes).toString(16);
}

async function writeAll(file: FileHandle, chunks: Buffer[]): Promise<void> {
  for (const chunk of chunks) await file.writeFile(chunk);
}
