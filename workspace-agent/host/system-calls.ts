import koffi from 'koffi';

/** Linux calls that Node does not offer. Paths are bytes; each call is short and made on the main thread. */
const libc = koffi.load('libc.so.6');
const nativeRename = libc.func('int renameat2(int, const char *, int, const char *, unsigned int)');
const nativeFcntl = libc.func('int fcntl(int, int, ...)');

const currentFolder = -100;
const renameFlags = { keep: 1, exchange: 2 } as const;

/** The same shape as the errors of `node:fs`, so that one translation serves both. */
export function systemError(call: string, errno: number): NodeJS.ErrnoException {
  const code = Object.entries(koffi.os.errno).find(([, value]) => value === errno)?.[0] ?? `errno ${errno}`;
  return Object.assign(new Error(`${code}: ${call}`), { code, errno: -errno, syscall: call });
}

/**
 * Renames in one step. `keep` fails with EEXIST rather than replace; `exchange` swaps two things that both exist.
 * @throws ErrnoException
 */
export function renameAtomically(from: Buffer, to: Buffer, how: keyof typeof renameFlags): void {
  const result = nativeRename(currentFolder, terminated(from), currentFolder, terminated(to), renameFlags[how]);
  if (result !== 0) throw systemError('renameat2', koffi.errno());
}

function terminated(path: Buffer): Buffer {
  return Buffer.concat([path, Buffer.of(0)]);
}

const setDescriptorFlags = 2;
const closeOnExec = 1;

/** Keeps a descriptor from the programs that this process starts. */
export function keepFromChildren(fd: number): void {
  if (nativeFcntl(fd, setDescriptorFlags, 'int', closeOnExec) !== 0) throw systemError('fcntl', koffi.errno());
}

const setLease = 1024;
const setLeaseSignal = 10;
const readLease = 0;
const noLease = 2;
/** Its default is to do nothing; that of a lease's own signal, SIGIO, ends the process. */
const harmlessSignal = 23;

/**
 * Whether some process has the file of `fd`, which must be open for reading only, open for writing. The kernel grants a
 * read lease only when none has; it is given back at once. False where the file system knows no leases.
 */
export function hasWriter(fd: number): boolean {
  nativeFcntl(fd, setLeaseSignal, 'int', harmlessSignal);
  if (nativeFcntl(fd, setLease, 'int', readLease) === 0) {
    nativeFcntl(fd, setLease, 'int', noLease);
    return false;
  }
  return koffi.errno() === koffi.os.errno.EAGAIN;
}
