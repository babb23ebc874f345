import type { AgentOptions, RunningAgent } from '../agent.ts';

/** Runs the host of a workspace until it is stopped. */
export async function runHost(options: AgentOptions): Promise<RunningAgent> {
  options.logger.info('The host starts');
  return { ended: Promise.resolve(), stop: async () => {} };
}
