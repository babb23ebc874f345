import type { ConnectionState, EndReason } from '../../lib/client/connection.ts';
import { useValue } from '../../lib/client/use-value.ts';
import type { MonitorStatus, WorkspaceStatus } from '../../lib/contracts/records.ts';
import { Button } from '../ui/button.tsx';
import { Notice } from '../ui/notice.tsx';
import { attempt } from './commands.ts';
import { useIde } from './ide-context.ts';
import { useSettled } from './use-settled.ts';
import { monitorWords } from './words.ts';

/** A monitor that has just been started is on its way, not away. */
const monitorSettlesMs = 2_500;

/** The true state of the connection and the workspace, when it is not simply well. The worst is told first, alone. */
export function Banner() {
  const { client } = useIde();
  const connection = useValue(client.connection.state);
  const { status } = useValue(client.workspace);
  const monitor = useSettled(useValue(client.monitor), monitorSettlesMs);
  if (connection.kind !== 'live') return <ConnectionBanner state={connection} />;
  if (status === 'stopped' || status === 'stopping') return <WorkspaceBanner status={status} />;
  if (status === 'running' && monitor) return <MonitorBanner monitor={monitor} />;
  return null;
}

const endings: Record<EndReason, { text: string; action: string; href: string }> = {
  signed_out: { text: 'You signed out. Unsaved text is kept in this browser.', action: 'Sign in', href: '/login' },
  revoked: { text: 'This login was ended. Unsaved text is kept in this browser.', action: 'Sign in', href: '/login' },
  expired: { text: 'This login has expired. Unsaved text is kept in this browser.', action: 'Sign in', href: '/login' },
  protocol_mismatch: {
    text: 'The server was updated. Reload the page; unsaved text is kept.',
    action: 'Reload',
    href: '',
  },
  session_gone: {
    text: 'This session was ended. Unsaved text is kept in this browser.',
    action: 'Go on',
    href: '/ide',
  },
};

function ConnectionBanner({ state }: { state: Exclude<ConnectionState, { kind: 'live' }> }) {
  const { client } = useIde();
  switch (state.kind) {
    case 'connecting':
      return null;
    case 'offline':
      return (
        <Notice look="danger">
          You are offline. Go on typing: it is kept in this browser and saved when the connection is back.
        </Notice>
      );
    case 'reconnecting':
      // One lost try is a blink; it is told when it lasts.
      if (state.attempt < 2) return null;
      return (
        <Notice
          look="warn"
          action={
            <Button size="small" onClick={() => client.connection.reconnectNow()}>
              Try now
            </Button>
          }
        >
          The server cannot be reached. Trying again; what you type is kept, and programs in the workspace go on.
        </Notice>
      );
    case 'ended': {
      const { text, action, href } = endings[state.reason];
      return (
        <Notice
          look="danger"
          action={
            <Button asChild size="small">
              <a href={href}>{action}</a>
            </Button>
          }
        >
          {text}
        </Notice>
      );
    }
  }
}

function WorkspaceBanner({ status }: { status: WorkspaceStatus }) {
  const { client } = useIde();
  const start = () => attempt('The workspace could not be started', () => client.startWorkspace());
  return (
    <Notice
      look="warn"
      action={
        <Button size="small" onClick={start} disabled={status === 'stopping'}>
          Start
        </Button>
      }
    >
      {status === 'stopping' ? 'The workspace is stopping. ' : 'The workspace is stopped. '}
      Your files are kept; what you type is kept in this browser until it can be saved.
    </Notice>
  );
}

function MonitorBanner({ monitor }: { monitor: MonitorStatus }) {
  if (monitor.state === 'live' || monitor.state === 'scanning') return null;
  return (
    <Notice look="warn">
      {monitorWords[monitor.state]} {monitor.detail}
    </Notice>
  );
}
