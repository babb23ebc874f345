import type { Clock } from '../../../lib/base/clock.ts';
import { InotifyWatcher } from './inotify.ts';
import { type Libc, loadLibc } from './libc.ts';
import type { Watcher, WatcherOptions } from './watcher.ts';

/** inotify where libc can be called, else chokidar. */
export async function openWatcher(options: WatcherOptions & { clock: Clock }): Promise<Watcher> {
  const libc = tryLibc(options);
  if (libc) return new InotifyWatcher({ ...options, libc });
  // Loaded only where it is needed, for its memory.
  const { ChokidarWatcher } = await import('./chokidar.ts');
  return ChokidarWatcher.open(options);
}

function tryLibc({ onFault }: WatcherOptions): Libc | undefined {
  if (process.platform !== 'linux') return undefined;
  try {
    return loadLibc();
  } catch (error) {
    onFault(error);
    return undefined;
  }
}
