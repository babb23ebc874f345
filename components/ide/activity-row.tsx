import {
  ArrowRight,
  Check,
  CircleDashed,
  CircleDot,
  Copy,
  FilePen,
  FilePlus2,
  FileSymlink,
  FileX,
  FolderMinus,
  FolderPlus,
  ListTree,
  MoveRight,
  Tag,
} from 'lucide-react';
import { useState } from 'react';
import { useValue } from '../../lib/client/use-value.ts';
import { baseName, displayPath, parentPath, type WirePath } from '../../lib/contracts/path.ts';
import type { Origin, TrailEntry } from '../../lib/contracts/trail.ts';
import { IconButton } from '../ui/button.tsx';
import { classNames } from '../ui/class-names.ts';
import { ActivityDetails } from './activity-details.tsx';
import { gapText, kindWords, originText, originWord } from './entry-words.ts';
import { type Ide, useIde } from './ide-context.ts';
import { agoText, exactTime, sizeText } from './words.ts';

interface RowProps {
  entry: TrailEntry;
  now: number;
  /** The first row takes the keyboard when the panel is gone to. */
  start: boolean;
  opened: boolean;
  onToggle: () => void;
}

/** One entry: what happened to which path, then size, hash and origin; all of it on a click. */
export function ActivityRow({ entry, now, start, opened, onToggle }: RowProps) {
  const ide = useIde();
  const { attributed } = useValue(ide.client.activity.snapshot);
  const origin = attributed.get(entry.seq) ?? entry.origin;
  const aboutFile = entry.type !== null;
  return (
    <article
      data-testid="entry"
      data-seq={entry.seq}
      data-kind={entry.kind}
      data-path={entry.path}
      data-origin={origin.kind}
      className={classNames(!aboutFile && 'bg-sunken', entry.kind === 'gap_opened' && 'bg-warn-soft')}
    >
      <div className="group relative flex items-start gap-2.5 px-3 py-1.5 hover:bg-hover">
        <KindIcon entry={entry} />
        <div className="min-w-0 flex-1">
          <p className="flex items-baseline gap-2">
            <button
              type="button"
              data-row
              {...(start ? { 'data-start': true } : {})}
              aria-expanded={opened}
              onClick={onToggle}
              className="min-w-0 flex-1 truncate text-left after:absolute after:inset-0"
            >
              <span className="sr-only">{kindWords[entry.kind]}: </span>
              {aboutFile ? <PathText entry={entry} /> : <span className="font-medium">{kindWords[entry.kind]}</span>}
            </button>
            <time
              dateTime={new Date(entry.recordedAt).toISOString()}
              title={exactTime(entry.recordedAt)}
              className="shrink-0 text-small text-faint tabular-nums"
            >
              {agoText(entry.recordedAt, now)}
            </time>
          </p>
          <p className="flex h-4 items-center gap-2 text-small text-faint">
            {aboutFile ? (
              <Facts entry={entry} origin={origin} ide={ide} />
            ) : (
              <span className="truncate">{gapText(entry)}</span>
            )}
          </p>
        </div>
      </div>
      {opened && <ActivityDetails entry={entry} origin={origin} />}
    </article>
  );
}

function PathText({ entry }: { entry: TrailEntry }) {
  if (entry.kind === 'renamed' && entry.previousPath !== null) {
    const sameFolder = parentPath(entry.previousPath) === parentPath(entry.path);
    return (
      <>
        <span className="text-muted">
          {sameFolder ? baseName(entry.previousPath) : displayPath(entry.previousPath)}
        </span>
        <ArrowRight aria-label="to" className="mx-1 inline size-3 text-faint" />
        <Name path={entry.path} />
      </>
    );
  }
  return <Name path={entry.path} struck={entry.kind === 'deleted'} />;
}

function Name({ path, struck = false }: { path: WirePath; struck?: boolean }) {
  const folder = displayPath(parentPath(path) ?? path);
  return (
    <>
      <span className={classNames('font-medium', struck && 'line-through decoration-faint')}>{baseName(path)}</span>
      {folder !== '' && <span className="ml-1.5 text-small text-faint">{folder}</span>}
    </>
  );
}

function Facts({ entry, origin, ide }: { entry: TrailEntry; origin: Origin; ide: Ide }) {
  return (
    <>
      <span className="shrink-0">{kindWords[entry.kind]}</span>
      {entry.type === 'file' && entry.size !== null && <span className="shrink-0">{sizeText(entry.size)}</span>}
      {entry.type === 'directory' && <span className="shrink-0">folder</span>}
      {entry.type === 'symlink' && <span className="truncate">→ {entry.linkTarget}</span>}
      {entry.sha256 !== null && <ShortHash sha256={entry.sha256} />}
      {entry.unhashed !== null && <span className="text-warn">no hash: {entry.unhashed.replace('_', ' ')}</span>}
      <span
        title={`From ${originText(origin)}`}
        className={classNames('ml-auto truncate', origin.kind !== 'unattributed' && 'text-accent')}
      >
        {originWord(origin)}
        {'userId' in origin && origin.userId === ide.user.userId && ' · you'}
      </span>
    </>
  );
}

function ShortHash({ sha256 }: { sha256: string }) {
  const [copied, setCopied] = useState(false);
  const copy = async () => {
    await navigator.clipboard?.writeText(sha256);
    setCopied(true);
    setTimeout(() => setCopied(false), 1_500);
  };
  return (
    <span className="flex shrink-0 items-center gap-0.5 font-mono" title={sha256} data-sha256={sha256}>
      {sha256.slice(0, 8)}
      <IconButton
        label="Copy the whole hash"
        tabIndex={-1}
        onClick={() => void copy()}
        className="relative z-10 size-4 opacity-0 group-hover:opacity-100 focus-visible:opacity-100 [&_svg]:size-3"
      >
        {copied ? <Check className="text-ok" /> : <Copy />}
      </IconButton>
    </span>
  );
}

function KindIcon({ entry }: { entry: TrailEntry }) {
  const { icon: Icon, style } = iconOf(entry);
  return <Icon aria-hidden className={classNames('mt-0.5 size-4 shrink-0', style)} strokeWidth={1.75} />;
}

function iconOf({ kind, type }: TrailEntry) {
  switch (kind) {
    case 'created':
      return {
        icon: type === 'directory' ? FolderPlus : type === 'symlink' ? FileSymlink : FilePlus2,
        style: 'text-ok',
      };
    case 'modified':
      return { icon: FilePen, style: 'text-muted' };
    case 'deleted':
      return { icon: type === 'directory' ? FolderMinus : FileX, style: 'text-danger' };
    case 'renamed':
      return { icon: MoveRight, style: 'text-muted' };
    case 'gap_opened':
      return { icon: CircleDashed, style: 'text-warn' };
    case 'gap_closed':
      return { icon: CircleDot, style: 'text-muted' };
    case 'rules_changed':
      return { icon: ListTree, style: 'text-muted' };
    case 'superseded':
    case 'attributed':
      return { icon: Tag, style: 'text-muted' };
  }
}
