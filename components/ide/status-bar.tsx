import { ShieldCheck, ShieldQuestionMark } from 'lucide-react';
import { useValue } from '../../lib/client/use-value.ts';
import { classNames } from '../ui/class-names.ts';
import { Tooltip } from '../ui/tooltip.tsx';
import { useIde } from './ide-context.ts';
import { useNarrow } from './use-narrow.ts';
import { connectionWords } from './words.ts';

export function StatusBar() {
  const { client } = useIde();
  const connection = useValue(client.connection.state);
  const narrow = useNarrow();
  if (narrow) return null;
  return (
    <footer className="flex h-6 shrink-0 items-center gap-4 border-t border-line bg-background px-3 text-small text-muted">
      <span className="flex items-center gap-1.5" role="status">
        <span
          aria-hidden
          className={classNames('size-1.5 rounded-full', connection.kind === 'live' ? 'bg-ok' : 'bg-danger')}
        />
        {connectionWords(connection)}
      </span>
      <TrailState />
      <span className="flex-1" />
      <CursorState />
    </footer>
  );
}

function TrailState() {
  const { completeTo, entries, known } = useValue(useIde().client.activity.snapshot);
  const newest = entries[0]?.seq ?? 0;
  if (!known) return null;
  const complete = completeTo >= newest;
  const Icon = complete ? ShieldCheck : ShieldQuestionMark;
  return (
    <Tooltip
      label={
        complete
          ? `All ${newest} entries are in the trail, none is missing.`
          : `Nothing is missing up to entry ${completeTo} of ${newest}. After it a gap is open until a scan closes it.`
      }
    >
      <button
        type="button"
        className="flex items-center gap-1 rounded tabular-nums"
        data-testid="trail-state"
        data-seq={newest}
        data-complete-to={completeTo}
      >
        <Icon aria-hidden className={classNames('size-3.5', complete ? 'text-ok' : 'text-warn')} />
        {complete ? `Trail complete, #${newest}` : `Trail complete to #${completeTo} of #${newest}`}
      </button>
    </Tooltip>
  );
}

function CursorState() {
  const status = useValue(useIde().editorStatus);
  if (!status) return null;
  return (
    <>
      <span className="tabular-nums">
        Ln {status.line}, Col {status.column}
        {status.selected > 0 && ` (${status.selected} selected)`}
      </span>
      <span>{status.lineEnding}</span>
      <span>UTF-8</span>
      <span>{status.language}</span>
    </>
  );
}
