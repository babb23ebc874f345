import { useValue } from '../../lib/client/use-value.ts';
import { classNames } from '../ui/class-names.ts';
import { Tooltip } from '../ui/tooltip.tsx';
import { useIde } from './ide-context.ts';
import { monitorWords } from './words.ts';

/** Whether what is shown is what is happening. */
export function LiveDot() {
  const { client } = useIde();
  const connection = useValue(client.connection.state);
  const monitor = useValue(client.monitor);
  const isLive = connection.kind === 'live' && monitor?.state === 'live';
  const text =
    connection.kind !== 'live'
      ? 'Not connected: this is how it was.'
      : monitor
        ? monitorWords[monitor.state]
        : 'The state of the monitor is not known yet.';
  return (
    <Tooltip label={text}>
      <button type="button" className="flex items-center gap-1.5 rounded px-1" data-testid="live" data-live={isLive}>
        <span
          aria-hidden
          className={classNames(
            'size-1.5 rounded-full',
            isLive ? 'bg-ok' : connection.kind === 'live' ? 'bg-warn' : 'bg-faint',
          )}
        />
        <span className="font-normal text-faint">
          {isLive ? 'live' : connection.kind !== 'live' ? 'stale' : (monitor?.state ?? '')}
        </span>
      </button>
    </Tooltip>
  );
}
