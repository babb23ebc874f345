import { join } from 'node:path';

/** The agent that local workspaces run: the built bundle, its natives, and the Node.js of this process. */
export function localAgent(root: string) {
  return { node: process.execPath, entry: join(root, 'dist/workspace-agent.mjs'), modules: join(root, 'node_modules') };
}
