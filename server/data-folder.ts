import { randomBytes } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CoditectError } from '../lib/contracts/errors.ts';

/**
 * Paths below DATA_DIR. Others may pass through it (workspaces have users of their own) but not look.
 * @throws CoditectError `invalid_request` when there can be no such folder.
 */
export function openDataFolder(folder: string) {
  try {
    mkdirSync(folder, { recursive: true });
    // Set apart from the making: a umask would take it away.
    chmodSync(folder, 0o711);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new CoditectError('invalid_request', `The folder that DATA_DIR names cannot be used: ${why}.`, { cause });
  }
  const secretKeyFile = join(folder, 'secret-key');
  const pidFile = join(folder, 'server.pid');
  return {
    folder,
    storeFolder: join(folder, 'store'),
    pidFile,
    /** The key made at the first start, when SECRET_KEY is not set. */
    secretKey(): string {
      if (!existsSync(secretKeyFile))
        writeFileSync(secretKeyFile, randomBytes(32).toString('base64url'), { mode: 0o600, flag: 'wx' });
      return readFileSync(secretKeyFile, 'utf8').trim();
    },
    writePid: () => writeFileSync(pidFile, `${process.pid}\n`),
    removePid: () => rmSync(pidFile, { force: true }),
  };
}
