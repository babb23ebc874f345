import { z } from 'zod';
import { workspaceId } from './ids.ts';
import { limits } from './limits.ts';

/**
 * The TOML file that provisioning injects, one for each workspace process. Its keys are these names in snake_case as
 * TOML has them: `gateway_url`. The role is not in it: the command says it (`host`, `monitor`) and the credential
 * proves it.
 */
export const agentConfig = z.object({
  workspace_id: workspaceId,
  /** Base URL of the gateway's workspace listener, e.g. `http://127.0.0.1:3001`. */
  gateway_url: z.url(),
  /** The credential of this process's role, exchanged for a workspace token at the first connection. */
  enrolment: z.string().min(1),
  /** Where the workspace's files lie for this process; `/workspace` in a sandbox or pod. */
  root: z.string().startsWith('/'),
  /** The host's: the user's home. */
  home: z.string().startsWith('/').optional(),
  /** The monitor's: its own folder for spool and index, out of the host's reach. */
  state: z.string().startsWith('/').optional(),
  /** The monitor's: names or paths that are not recorded, until the gateway says otherwise. */
  ignore_rules: z.array(z.string().min(1).max(limits.ignoreRuleBytesMax)).max(limits.ignoreRulesMax).default([]),
  /** Without a gateway for this long and with nothing running, the process ends by itself; absent: never. */
  orphan_idle_ms: z.int().min(1).optional(),
  /** Without a gateway for this long it ends whatever is running. */
  orphan_ms: z.int().min(1).optional(),
  /** The monitor's: a JSON file `{"pid", "startTime"}` naming the host; when that process is gone, an orphan ends. */
  host_process_file: z.string().startsWith('/').optional(),
});
export type AgentConfig = z.infer<typeof agentConfig>;

/** Rules a workspace begins with. A rule without `/` names any segment; with one it is a path from the root. */
export const defaultIgnoreRules = ['.git/objects', 'node_modules', '.coditect/tmp'] as const;
