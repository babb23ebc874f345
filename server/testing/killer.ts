import { delay, systemClock } from '../../lib/base/clock.ts';
import type { Random } from '../../lib/base/random.ts';
import { signalProcess } from '../provision/local/processes.ts';
import type { RealServer } from './real-server.ts';

const victims = ['server', 'host', 'host', 'monitor', 'monitor'] as const;
type Victim = (typeof victims)[number];

/** How long anything is left in peace: often too short to come up, sometimes long enough to get work done. */
const pauseMsMax = 1_600;

/** Ends server, host or monitor without a word, at moments that a seed decides as far as it can. */
export class Killer {
  readonly kills: Record<Victim, number> = { server: 0, host: 0, monitor: 0 };
  #server: RealServer;
  #random: Random;
  #starting: Promise<void> | null = null;

  constructor(server: RealServer, random: Random) {
    this.#server = server;
    this.#random = random;
  }

  /** Kills `count` times, then waits for a server. */
  async run(count: number): Promise<void> {
    for (let killed = 0; killed < count; ) {
      await delay(systemClock, this.#below(pauseMsMax));
      const victim = victims[this.#below(victims.length)] ?? 'server';
      if (await this.#kill(victim)) {
        this.kills[victim] += 1;
        killed += 1;
      }
    }
    while (this.#starting) await this.#starting;
  }

  async #kill(victim: Victim): Promise<boolean> {
    if (victim === 'server') return this.#killServer();
    const agent = await this.#server.agent(victim);
    if (agent) signalProcess(agent, 'SIGKILL');
    return agent !== undefined;
  }

  async #killServer(): Promise<boolean> {
    // Killed during its start as well, but not so often that it never gets there.
    if (this.#starting && this.#below(4) > 0) return false;
    await this.#server.end('SIGKILL');
    const starting = this.#server.start().then(() => {
      if (this.#starting === starting) this.#starting = null;
    });
    this.#starting = starting;
    return true;
  }

  #below(bound: number): number {
    const [high = 0, low = 0] = this.#random.bytes(2);
    return (high * 256 + low) % bound;
  }
}
