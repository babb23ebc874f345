import { z } from 'zod';
import { opId, sha256Hex, timestamp } from '../ids.ts';
import { limits } from '../limits.ts';
import { wireEntryPath, wirePath } from '../path.ts';
import { fileType } from '../trail.ts';
import { bytes, request } from './method.ts';

/** One thing in a folder. Symlinks are described themselves, never followed. */
export const fileEntry = z.object({
  path: wirePath,
  type: fileType,
  mode: z.int().min(0).max(0o7777),
  size: z.int().min(0),
  modifiedAt: z.number(),
  linkTarget: z.string().nullable(),
});
export type FileEntry = z.infer<typeof fileEntry>;

/** What the caller believes the file holds: a hash, `absent`, or `any` to replace whatever is there. */
export const baseHash = z.union([sha256Hex, z.literal('absent'), z.literal('any')]);
export type BaseHash = z.infer<typeof baseHash>;

/** Names a state of a file on disk, so that a read in several frames notices a change between them. */
const stamp = z.string().max(200);

const frame = z.object({
  opId,
  path: wireEntryPath,
  baseHash,
  /** Of the whole file, bytes. */
  size: z.int().min(0).max(limits.fileWriteBytesMax, `must be at most ${limits.fileWriteBytesMax} bytes`),
  offset: z.int().min(0),
  bytes: bytes(limits.fileFrameBytesMax),
});

export const writeResult = z.discriminatedUnion('done', [
  z.object({ done: z.literal(false), received: z.int().min(0) }),
  z.object({
    done: z.literal(true),
    sha256: sha256Hex,
    /** The file already held this content; nothing was written. */
    unchanged: z.boolean(),
    /** When the content was in place, by the workspace's clock. */
    writtenAt: timestamp,
  }),
]);
export type WriteResult = z.infer<typeof writeResult>;

const done = z.object({ writtenAt: timestamp });

/** The file methods, the same between browser and gateway as between gateway and host. */
export const fileMethods = {
  'file.list': request({
    since: 1,
    says: 'One page of a folder, in byte order of the names. `next` is the `after` of the following page.',
    params: z.object({
      path: wirePath,
      after: wirePath.nullable().default(null),
      limit: z.int().min(1).max(limits.fileListEntriesMax).default(limits.fileListEntriesMax),
    }),
    result: z.object({ entries: z.array(fileEntry).max(limits.fileListEntriesMax), next: wirePath.nullable() }),
  }),
  'file.stat': request({
    since: 1,
    says: 'One entry; with `hash`, the SHA-256 of a regular file too (symlinks inside the workspace followed).',
    params: z.object({ path: wirePath, hash: z.boolean().default(false) }),
    result: fileEntry.extend({ sha256: sha256Hex.nullable() }),
  }),
  'file.read': request({
    since: 1,
    says: 'A range of a regular file. `sha256` is given when the frame holds the whole file. Pass the first `stamp` on; a change between frames is a `conflict`.',
    params: z.object({
      path: wireEntryPath,
      offset: z.int().min(0).default(0),
      length: z.int().min(1).max(limits.fileFrameBytesMax).default(limits.fileFrameBytesMax),
      stamp: stamp.nullable().default(null),
    }),
    result: z.object({
      bytes: bytes(limits.fileFrameBytesMax),
      size: z.int().min(0),
      stamp,
      sha256: sha256Hex.nullable(),
      mode: z.int().min(0).max(0o7777),
    }),
  }),
  'file.write': request({
    since: 1,
    says: 'Replaces or creates a file atomically. Frames come in order; the one that completes `size` does the write. `stale_write` when the file does not hold `baseHash`, with the hash met in `facts.sha256`.',
    params: frame.refine((value) => value.offset + value.bytes.byteLength <= value.size, {
      path: ['offset'],
      message: 'must end within the size',
    }),
    result: writeResult,
  }),
  'file.create_folder': request({
    since: 1,
    says: 'Makes one folder; its parent exists. `conflict` when the name is taken.',
    params: z.object({ opId, path: wireEntryPath }),
    result: done,
  }),
  'file.move': request({
    since: 1,
    says: 'Renames without replacing. `conflict` when the new name is taken.',
    params: z.object({ opId, from: wireEntryPath, to: wireEntryPath }),
    result: done,
  }),
  'file.delete': request({
    since: 1,
    says: 'Removes a file, link or folder; a folder that is not empty only with `recursive`. With a `baseHash` other than `any`, only that content.',
    params: z.object({
      opId,
      path: wireEntryPath,
      recursive: z.boolean().default(false),
      baseHash: baseHash.default('any'),
    }),
    result: done,
  }),
};
