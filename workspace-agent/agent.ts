import type { Logger } from 'pino';
import type { Clock } from '../lib/base/clock.ts';
import type { Random } from '../lib/base/random.ts';
import type { AgentConfig } from '../lib/contracts/agent-config.ts';

/** What every role of the agent is started with. */
export interface AgentOptions {
  config: AgentConfig;
  version: string;
  clock: Clock;
  random: Random;
  logger: Logger;
}

/** A role that runs. */
export interface RunningAgent {
  /** Settles once it has ended, by itself or by `stop`. */
  ended: Promise<void>;
  stop(): Promise<void>;
}

/** The answer of `test`: what was checked, a sentence each, and whether all of it is well. */
export interface SelfCheckReport {
  ok: boolean;
  lines: string[];
}
