import { useVirtualizer } from '@tanstack/react-virtual';
import { History, ListFilter, X } from 'lucide-react';
import { type KeyboardEvent, useEffect, useMemo, useRef, useState } from 'react';
import { useValue } from '../../lib/client/use-value.ts';
import { displayPath, isWithin, type WirePath } from '../../lib/contracts/path.ts';
import type { EntryKind, TrailEntry } from '../../lib/contracts/trail.ts';
import { Button, IconButton } from '../ui/button.tsx';
import { classNames } from '../ui/class-names.ts';
import { EmptyState } from '../ui/empty-state.tsx';
import { Popover } from '../ui/popover.tsx';
import { Skeleton } from '../ui/skeleton.tsx';
import { ActivityRow } from './activity-row.tsx';
import { kindGroups } from './entry-words.ts';
import { useIde } from './ide-context.ts';
import { LiveDot } from './live-dot.tsx';
import { PaneHeader } from './pane-header.tsx';
import { useNow } from './use-now.ts';

type KindGroup = keyof typeof kindGroups;
const allGroups = Object.keys(kindGroups) as KindGroup[];

/** The trail as it happens: each change with its kind, path, size, hash and origin. */
export function ActivityPanel() {
  const ide = useIde();
  const { known } = useValue(ide.client.activity.snapshot);
  const path = useValue(ide.activityPath);
  const [hidden, setHidden] = useState<ReadonlySet<KindGroup>>(new Set());
  const [text, setText] = useState('');
  const filter = { path, hidden, text };
  return (
    <section
      aria-label="Activity"
      data-pane="activity"
      className="flex h-full flex-col bg-surface"
      data-testid="activity"
    >
      <PaneHeader
        title={
          <>
            Activity
            <LiveDot />
          </>
        }
      >
        <FilterButton hidden={hidden} onChange={setHidden} />
      </PaneHeader>
      <div className="flex flex-col gap-1.5 border-b border-line p-2">
        <input
          type="search"
          aria-label="Show only paths that contain"
          placeholder="Filter by path"
          value={text}
          onChange={(event) => setText(event.target.value)}
          className="h-7 w-full rounded-md border border-line bg-sunken px-2 placeholder:text-faint"
        />
        {path !== null && (
          <p className="flex items-center gap-1 rounded bg-accent-soft py-0.5 pr-0.5 pl-2 text-small">
            <span className="min-w-0 flex-1 truncate">
              History of <span className="font-mono">{displayPath(path)}</span>
            </span>
            <IconButton label="Show all paths" className="size-5" onClick={() => ide.activityPath.set(null)}>
              <X />
            </IconButton>
          </p>
        )}
      </div>
      {known ? <EntryList filter={filter} /> : <ListSkeleton />}
    </section>
  );
}

function FilterButton({
  hidden,
  onChange,
}: {
  hidden: ReadonlySet<KindGroup>;
  onChange: (hidden: ReadonlySet<KindGroup>) => void;
}) {
  const toggle = (group: KindGroup) => {
    const next = new Set(hidden);
    if (!next.delete(group)) next.add(group);
    onChange(next);
  };
  return (
    <Popover
      label="Kinds of entries"
      align="end"
      trigger={
        <button
          type="button"
          aria-label={hidden.size === 0 ? 'Filter by kind' : 'Filter by kind, some are hidden'}
          className={classNames(
            'inline-flex size-6 items-center justify-center rounded text-muted hover:bg-hover hover:text-text aria-expanded:bg-hover',
            hidden.size > 0 && 'text-accent',
          )}
        >
          <ListFilter className="size-4" />
        </button>
      }
    >
      <fieldset className="flex flex-col p-2">
        <legend className="sr-only">Kinds of entries</legend>
        {allGroups.map((group) => (
          <label key={group} className="flex h-7 items-center gap-2 rounded px-2 hover:bg-hover">
            <input
              type="checkbox"
              checked={!hidden.has(group)}
              onChange={() => toggle(group)}
              className="accent-accent"
            />
            {kindGroups[group].title}
          </label>
        ))}
      </fieldset>
    </Popover>
  );
}

interface Filter {
  path: WirePath | null;
  hidden: ReadonlySet<KindGroup>;
  text: string;
}

function useFiltered({ path, hidden, text }: Filter): readonly TrailEntry[] {
  const { entries } = useValue(useIde().client.activity.snapshot);
  return useMemo(() => {
    const kinds = new Set<EntryKind>(
      allGroups.filter((group) => !hidden.has(group)).flatMap((group) => kindGroups[group].kinds),
    );
    const wanted = text.trim().toLowerCase();
    const fits = (entry: TrailEntry) =>
      kinds.has(entry.kind) &&
      (path === null ||
        isWithin(entry.path, path) ||
        (entry.previousPath !== null && isWithin(entry.previousPath, path))) &&
      (wanted === '' || `${entry.path}\n${entry.previousPath ?? ''}`.toLowerCase().includes(wanted));
    return entries.filter(fits);
  }, [entries, path, hidden, text]);
}

function EntryList({ filter }: { filter: Filter }) {
  const { activity } = useIde().client;
  const { next, older } = useValue(activity.snapshot);
  const entries = useFiltered(filter);
  const scroller = useRef<HTMLDivElement>(null);
  const [opened, setOpened] = useState<ReadonlySet<number>>(new Set());
  const now = useNow(1_000);
  const virtual = useVirtualizer({
    count: entries.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => 48,
    getItemKey: (at) => entries[at]?.seq ?? at,
    overscan: 10,
  });
  const items = virtual.getVirtualItems();
  const lastShown = items.at(-1)?.index ?? 0;
  const atEnd = lastShown >= entries.length - 10;
  useEffect(() => {
    if (atEnd && next !== null && older === 'idle') void activity.readOlder();
  }, [activity, atEnd, next, older]);

  const toggle = (seq: number) => {
    const change = new Set(opened);
    if (!change.delete(seq)) change.add(seq);
    setOpened(change);
  };
  if (entries.length === 0)
    return <NothingYet filtered={filter.text !== '' || filter.path !== null || filter.hidden.size > 0} />;
  return (
    <div ref={scroller} className="min-h-0 flex-1 overflow-auto">
      <ol
        aria-label="Entries of the trail, newest first"
        className="relative"
        style={{ height: virtual.getTotalSize() }}
        onKeyDown={moveFocus}
      >
        {items.map((item) => {
          const entry = entries[item.index];
          if (!entry) return null;
          return (
            <li
              key={item.key}
              ref={virtual.measureElement}
              data-index={item.index}
              className="absolute inset-x-0 top-0 border-b border-line"
              style={{ transform: `translateY(${item.start}px)` }}
            >
              <ActivityRow
                entry={entry}
                now={now}
                start={item.index === 0}
                opened={opened.has(entry.seq)}
                onToggle={() => toggle(entry.seq)}
              />
            </li>
          );
        })}
      </ol>
      <ListEnd />
    </div>
  );
}

/** The arrows go from entry to entry. */
function moveFocus(event: KeyboardEvent<HTMLElement>): void {
  const row = event.target instanceof Element ? event.target.closest('li') : null;
  const next =
    event.key === 'ArrowDown' ? row?.nextElementSibling : event.key === 'ArrowUp' ? row?.previousElementSibling : null;
  const target = next?.querySelector<HTMLElement>('[data-row]');
  if (!target) return;
  event.preventDefault();
  target.focus();
}

function ListEnd() {
  const { activity } = useIde().client;
  const { next, older, entries } = useValue(activity.snapshot);
  if (older === 'failed') {
    return (
      <p className="flex items-center justify-between gap-2 p-3 text-muted">
        Older entries could not be read.
        <Button size="small" onClick={() => void activity.readOlder()}>
          Try again
        </Button>
      </p>
    );
  }
  const oldest = entries.at(-1);
  if (next === null && oldest?.seq === 1)
    return <p className="p-3 text-center text-small text-faint">The trail begins here.</p>;
  return older === 'reading' ? <p className="p-3 text-center text-small text-faint">Reading older entries…</p> : null;
}

function NothingYet({ filtered }: { filtered: boolean }) {
  return (
    <EmptyState
      icon={<History aria-hidden />}
      title={filtered ? 'No entry fits the filter' : 'Nothing has changed yet'}
    >
      {!filtered && <p>Save a file, or change one in the terminal: it appears here by itself.</p>}
    </EmptyState>
  );
}

function ListSkeleton() {
  return (
    <div role="status" aria-label="Reading the trail" className="flex flex-col gap-5 p-3">
      {['w-40', 'w-52', 'w-36', 'w-44'].map((width) => (
        <div key={width} className="flex flex-col gap-2">
          <Skeleton className={`h-3.5 ${width}`} />
          <Skeleton className="h-3 w-28" />
        </div>
      ))}
    </div>
  );
}
