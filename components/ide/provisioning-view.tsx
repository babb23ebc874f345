import { CircleAlert, Power } from 'lucide-react';
import { useValue } from '../../lib/client/use-value.ts';
import { Button } from '../ui/button.tsx';
import { attempt } from './commands.ts';
import { useIde } from './ide-context.ts';
import { StageList } from './stage-list.tsx';

/** What is seen until the workspace first runs: each stage as it happens, and what to do when one fails. */
export function ProvisioningView() {
  const { client } = useIde();
  const workspace = useValue(client.workspace);
  const start = () => attempt('The workspace could not be started', () => client.startWorkspace());
  const words = headline[workspace.status];
  return (
    <main className="flex h-full items-center justify-center overflow-auto bg-surface p-4" data-testid="provisioning">
      <section className="w-full max-w-96" aria-live="polite">
        <h1 className="text-lg font-semibold tracking-tight">{words.title}</h1>
        <p className="mt-1 mb-5 text-muted">{words.text}</p>
        {workspace.status !== 'stopped' && (
          <div className="rounded-lg border border-line bg-sunken px-4 py-2">
            <StageList workspace={workspace} />
          </div>
        )}
        {workspace.status === 'failed' && (
          <div className="mt-4 flex flex-col gap-3">
            <p className="flex gap-2 text-danger" role="alert">
              <CircleAlert className="mt-0.5 size-4 shrink-0" aria-hidden />
              {workspace.error ?? 'It could not be started.'}
            </p>
            <Button look="primary" onClick={start} className="self-start">
              Try again
            </Button>
          </div>
        )}
        {workspace.status === 'stopped' && (
          <Button look="primary" onClick={start}>
            <Power />
            Start the workspace
          </Button>
        )}
      </section>
    </main>
  );
}

const preparing = {
  title: 'Preparing your workspace',
  text: 'This takes a few seconds. You can close the tab; it goes on.',
};
const headline = {
  pending: preparing,
  starting: preparing,
  running: { title: 'Your workspace is ready', text: 'Opening it.' },
  stopping: { title: 'Your workspace is stopping', text: 'Your files are kept.' },
  stopped: { title: 'Your workspace is stopped', text: 'Your files are kept. Start it to work with them.' },
  failed: { title: 'Your workspace did not start', text: 'Nothing of yours is lost.' },
};
