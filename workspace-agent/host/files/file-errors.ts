import { CoditectError, type ErrorCode } from '../../../lib/contracts/errors.ts';

const translations: Record<string, [ErrorCode, string]> = {
  ENOENT: ['not_found', 'There is no such file or folder'],
  ENOTDIR: ['not_found', 'A part of the path is not a folder'],
  EISDIR: ['conflict', 'This is a folder'],
  EEXIST: ['conflict', 'The name is taken'],
  ENOTEMPTY: ['conflict', 'The folder is not empty'],
  ELOOP: ['conflict', 'The symlinks of this path lead in a circle'],
  EBUSY: ['conflict', 'It is in use by the system'],
  ETXTBSY: ['conflict', 'It is a program that is running'],
  EXDEV: ['conflict', 'The two places are on different volumes'],
  EACCES: ['forbidden', 'The workspace’s user may not do this'],
  EPERM: ['forbidden', 'The workspace’s user may not do this'],
  EROFS: ['forbidden', 'This volume can only be read'],
  ENAMETOOLONG: ['invalid_request', 'The name is too long'],
  EINVAL: ['invalid_request', 'A folder cannot be moved into itself'],
  ENOSPC: ['storage_full', 'The volume is full'],
  EDQUOT: ['storage_full', 'The quota of the volume is used up'],
  EFBIG: ['too_large', 'The file is larger than the volume allows'],
};

/** Gives an error of the file system its code and a sentence for the person; what is not known stays as it is. */
export function fileError(error: unknown): unknown {
  const code = error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined;
  const translation = code === undefined ? undefined : translations[code];
  if (error instanceof CoditectError || !translation) return error;
  const [ours, sentence] = translation;
  return new CoditectError(ours, `${sentence} (${code})`, { cause: error });
}

/** Whether `error` is one of the file system's with this code. */
export function isSystemError(error: unknown, ...codes: string[]): boolean {
  return error instanceof Error && codes.includes((error as NodeJS.ErrnoException).code ?? '');
}
