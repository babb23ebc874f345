import { displayPath } from '../../lib/contracts/path.ts';
import type { Origin, TrailEntry } from '../../lib/contracts/trail.ts';
import { Button } from '../ui/button.tsx';
import { kindWords, originText } from './entry-words.ts';
import { useIde } from './ide-context.ts';
import { exactTime } from './words.ts';

/** Every field of an entry. */
export function ActivityDetails({ entry, origin }: { entry: TrailEntry; origin: Origin }) {
  const ide = useIde();
  const canOpen = entry.type === 'file' && entry.kind !== 'deleted';
  return (
    <div className="border-t border-line bg-sunken px-3 py-2" data-testid="entry-details">
      <dl className="grid grid-cols-[88px_minmax(0,1fr)] gap-x-3 gap-y-1 text-small [&_dd]:break-all [&_dt]:text-faint">
        {fieldsOf(entry, origin).map(([name, value]) => (
          <div key={name} className="contents">
            <dt>{name}</dt>
            <dd className={monospaced.has(name) ? 'font-mono' : ''}>{value}</dd>
          </div>
        ))}
      </dl>
      {entry.type !== null && (
        <div className="mt-2 flex gap-2">
          {canOpen && (
            <Button size="small" onClick={() => ide.open(entry.path)}>
              Open
            </Button>
          )}
          <Button size="small" onClick={() => ide.activityPath.set(entry.path)}>
            History
          </Button>
        </div>
      )}
    </div>
  );
}

const monospaced = new Set(['Path', 'Before', 'Target', 'Mode', 'SHA-256', 'Chain', 'Op', 'Spool', 'Run', 'Rules']);

function fieldsOf(entry: TrailEntry, origin: Origin): [name: string, value: string][] {
  const fields: [string, string | number | null][] = [
    ['Entry', `#${entry.seq}`],
    ['Kind', kindWords[entry.kind]],
    ['Path', entry.type === null ? null : displayPath(entry.path)],
    ['Before', entry.previousPath === null ? null : displayPath(entry.previousPath)],
    ['Type', entry.type],
    ['Target', entry.linkTarget],
    ['Mode', entry.mode === null ? null : entry.mode.toString(8).padStart(4, '0')],
    ['Size', entry.size === null ? null : `${entry.size.toLocaleString()} bytes`],
    ['SHA-256', entry.sha256],
    ['No hash', entry.unhashed],
    ['Coalesced', entry.coalesced === 0 ? null : `${entry.coalesced} earlier states`],
    ['Reason', entry.reason],
    ['Rules', entry.rules === null ? null : entry.rules.join(', ')],
    ['Speaks of', entry.refersTo === null ? null : `#${entry.refersTo}`],
    ['Origin', originText(origin)],
    ['Op', 'opId' in origin ? origin.opId : null],
    ['Run', 'runId' in origin ? origin.runId : null],
    ['Observed', exactTime(entry.observedAt)],
    ['Recorded', exactTime(entry.recordedAt)],
    ['Spool', entry.spool === null ? null : `${entry.spool.id} #${entry.spool.seq}`],
    ['Chain', entry.chain],
  ];
  return fields.flatMap(([name, value]) => (value === null ? [] : [[name, String(value)] as [string, string]]));
}
