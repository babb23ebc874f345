import { open, rm, stat } from 'node:fs/promises';

const fullCodes = new Set(['ENOSPC', 'EDQUOT', 'EFBIG']);

/**
 * Whether a file of the size of `file` could grow by `bytes`, found out by writing them to `file`.probe: only a write
 * knows of quotas and limits. The probe has a hole up to that size, so it needs no more room than `bytes`.
 */
export async function couldGrow(file: string, bytes: number): Promise<boolean> {
  const probe = `${file}.probe`;
  try {
    const { size } = await stat(file);
    const handle = await open(probe, 'w');
    try {
      const { bytesWritten } = await handle.write(Buffer.alloc(bytes), 0, bytes, size);
      return bytesWritten === bytes;
    } finally {
      await handle.close();
    }
  } catch (error) {
    // Another failure says nothing about room.
    return !fullCodes.has((error as NodeJS.ErrnoException).code ?? '');
  } finally {
    await rm(probe, { force: true });
  }
}
