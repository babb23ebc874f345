import { createRequire } from 'node:module';

/** inotify's flags, from `<sys/inotify.h>`; they are the same on every architecture that Linux runs on. */
export const flag = {
  modify: 0x2,
  attributes: 0x4,
  closeWrite: 0x8,
  movedFrom: 0x40,
  movedTo: 0x80,
  create: 0x100,
  delete: 0x200,
  deleteSelf: 0x400,
  overflow: 0x4000,
  ignored: 0x8000,
  onlyFolder: 0x0100_0000,
  noFollow: 0x0200_0000,
  isFolder: 0x4000_0000,
} as const;

const closeOnExec = 0o2_000_000;

export interface Libc {
  /** A new inotify descriptor. @throws Error with `code` (`EMFILE`: no instance left). */
  inotifyInit(): number;
  /** A watch's number. @throws Error with `code` (`ENOSPC`: no watch left). */
  inotifyAddWatch(input: { descriptor: number; path: string | Buffer; mask: number }): number;
  inotifyRemoveWatch(input: { descriptor: number; watch: number }): void;
}

/** Node has no door to inotify that tells of lost events and pairs renames, so libc is called as it is. */
export function loadLibc(): Libc {
  // Loaded here and not at the top: it is a native module, and the monitor runs without it where it is missing.
  const koffi = createRequire(import.meta.url)('koffi') as typeof import('koffi');
  const library = koffi.load(process.platform === 'linux' ? null : 'libc');
  const init = library.func('int inotify_init1(int flags)');
  const add = library.func('int inotify_add_watch(int fd, const uint8_t *path, uint32_t mask)');
  const remove = library.func('int inotify_rm_watch(int fd, int wd)');
  const checked = (result: number, call: string): number => {
    if (result >= 0) return result;
    const code = Object.entries(koffi.os.errno).find(([, value]) => value === koffi.errno())?.[0] ?? 'EUNKNOWN';
    throw Object.assign(new Error(`${call} failed: ${code}`), { code });
  };
  return {
    inotifyInit: () => checked(init(closeOnExec), 'inotify_init1'),
    inotifyAddWatch({ descriptor, path, mask }) {
      const bytes = typeof path === 'string' ? Buffer.from(`${path}\0`) : Buffer.concat([path, Buffer.from([0])]);
      return checked(add(descriptor, bytes, mask), 'inotify_add_watch');
    },
    inotifyRemoveWatch({ descriptor, watch }) {
      // EINVAL means that the kernel has removed it already, which is what is wanted.
      remove(descriptor, watch);
    },
  };
}
