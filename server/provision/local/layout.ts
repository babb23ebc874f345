import { join } from 'node:path';
import type { WorkspaceRole } from '../../../lib/contracts/protocol/workspace.ts';

/** Where the parts of one workspace lie. Only `workspace` and `home` are seen from inside its sandbox. */
export interface WorkspacePaths {
  folder: string;
  workspace: string;
  home: string;
  /** The monitor's spool and index. */
  monitor: string;
  /** Configurations, logs and the record of what runs; the server's own. */
  run: string;
  record: string;
  /** `{"pid", "startTime"}` of the host, for the monitor. */
  hostProcess: string;
  config: Record<WorkspaceRole, string>;
  log: Record<WorkspaceRole, string>;
}

/** The folder that holds all workspaces. */
export const workspacesFolder = (dataFolder: string): string => join(dataFolder, 'workspaces');

/** The folder that holds the staged agent programs. */
export const agentsFolder = (dataFolder: string): string => join(dataFolder, 'agent');

export function workspacePaths(dataFolder: string, workspaceId: string): WorkspacePaths {
  const folder = join(workspacesFolder(dataFolder), workspaceId);
  const run = join(folder, 'run');
  return {
    folder,
    workspace: join(folder, 'workspace'),
    home: join(folder, 'home'),
    monitor: join(folder, 'monitor'),
    run,
    record: join(run, 'record.json'),
    hostProcess: join(run, 'host.json'),
    config: { host: join(run, 'host.toml'), monitor: join(run, 'monitor.toml') },
    log: { host: join(run, 'host.log'), monitor: join(run, 'monitor.log') },
  };
}
