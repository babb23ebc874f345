import { Power, PowerOff } from 'lucide-react';
import { useValue } from '../../lib/client/use-value.ts';
import type { WorkspaceStatus } from '../../lib/contracts/records.ts';
import { Button } from '../ui/button.tsx';
import { classNames } from '../ui/class-names.ts';
import { Popover } from '../ui/popover.tsx';
import { attempt } from './commands.ts';
import { useIde } from './ide-context.ts';
import { StageList } from './stage-list.tsx';
import { useNarrow } from './use-narrow.ts';
import { connectionWords, monitorWords, workspaceWords } from './words.ts';

const dots: Record<WorkspaceStatus, string> = {
  pending: 'bg-warn animate-breathe',
  starting: 'bg-warn animate-breathe',
  running: 'bg-ok',
  stopping: 'bg-warn animate-breathe',
  stopped: 'bg-faint',
  failed: 'bg-danger',
};

/** How the workspace, its audit and the connection stand, and the way to start or stop it. */
export function WorkspaceMenu() {
  const ide = useIde();
  const { client } = ide;
  const narrow = useNarrow();
  const workspace = useValue(client.workspace);
  const connection = useValue(client.connection.state);
  const monitor = useValue(client.monitor);
  const connected = connection.kind === 'live';
  const text = connected ? workspaceWords[workspace.status] : connectionWords(connection);
  const start = () => attempt('The workspace could not be started', () => client.startWorkspace());
  return (
    <Popover
      label="Workspace"
      align="end"
      trigger={
        <Button
          look="quiet"
          size="small"
          data-testid="workspace-state"
          data-status={workspace.status}
          data-connection={connection.kind}
          aria-label={`Workspace: ${text}`}
        >
          <span
            className={classNames('size-2 rounded-full', connected ? dots[workspace.status] : 'bg-danger')}
            aria-hidden
          />
          {!narrow && text}
        </Button>
      }
    >
      <div className="border-b border-line px-4 py-3">
        <p className="font-semibold">Workspace: {workspaceWords[workspace.status].toLowerCase()}</p>
        <p className="mt-0.5 text-small text-muted">{connectionWords(connection)}</p>
        {monitor && workspace.status === 'running' && (
          <p className="mt-1 text-small text-muted">
            {monitorWords[monitor.state]} {monitor.detail}
            {monitor.pending > 0 && ` ${monitor.pending} entries are on their way.`}
          </p>
        )}
        {workspace.error && <p className="mt-1 text-small text-danger">{workspace.error}</p>}
      </div>
      <div className="px-4 py-1.5">
        <StageList workspace={workspace} />
      </div>
      <div className="flex justify-end border-t border-line px-4 py-2.5">
        {workspace.status === 'running' || workspace.status === 'starting' ? (
          <Button size="small" onClick={() => ide.dialog.set({ kind: 'stop_workspace' })}>
            <PowerOff />
            Stop
          </Button>
        ) : (
          <Button size="small" look="primary" onClick={start} disabled={workspace.status === 'stopping'}>
            <Power />
            Start
          </Button>
        )}
      </div>
    </Popover>
  );
}
