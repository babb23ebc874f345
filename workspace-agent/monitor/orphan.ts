import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import type { Clock } from '../../lib/base/clock.ts';
import type { AgentConfig } from '../../lib/contracts/agent-config.ts';

const checkMs = 5_000;
const hostProcess = z.object({ pid: z.int().min(1), startTime: z.union([z.string(), z.int()]) });

export interface OrphanOptions {
  config: Pick<AgentConfig, 'orphan_idle_ms' | 'orphan_ms' | 'host_process_file'>;
  clock: Clock;
  connected(): boolean;
  onOrphaned(): void;
}

/** Ends a monitor that no gateway wants: soon when its host is gone too, after a longer time whatever is running. */
export class OrphanWatch {
  #options: OrphanOptions;
  #aloneSinceMs: number;
  #timer: Disposable | undefined;
  #closed = false;

  constructor(options: OrphanOptions) {
    this.#options = options;
    this.#aloneSinceMs = options.clock.monotonic();
    this.#schedule();
  }

  close(): void {
    this.#closed = true;
    this.#timer?.[Symbol.dispose]();
  }

  #schedule(): void {
    const { orphan_idle_ms: idleMs = Number.POSITIVE_INFINITY, orphan_ms: anyMs = Number.POSITIVE_INFINITY } =
      this.#options.config;
    const shortest = Math.min(idleMs, anyMs);
    if (this.#closed || shortest === Number.POSITIVE_INFINITY) return;
    this.#timer = this.#options.clock.after(Math.min(checkMs, shortest), () => void this.#check(idleMs, anyMs));
  }

  async #check(idleMs: number, anyMs: number): Promise<void> {
    const { clock, config, connected, onOrphaned } = this.#options;
    if (connected()) this.#aloneSinceMs = clock.monotonic();
    const aloneMs = clock.monotonic() - this.#aloneSinceMs;
    if (aloneMs >= anyMs || (aloneMs >= idleMs && !(await isHostAlive(config.host_process_file)))) onOrphaned();
    else this.#schedule();
  }
}

/** Whether the process that the file names runs: the same number started at the same time. */
async function isHostAlive(file: string | undefined): Promise<boolean> {
  if (file === undefined) return false;
  try {
    const { pid, startTime } = hostProcess.parse(JSON.parse(await readFile(file, 'utf8')));
    const stat = await readFile(`/proc/${pid}/stat`, 'latin1');
    // The name, in parentheses, may hold anything; the start time is the 20th field after it.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] !== 'Z' && fields[19] === String(startTime);
  } catch {
    return false;
  }
}
