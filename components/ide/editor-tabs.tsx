import { X } from 'lucide-react';
import { type DragEvent, type KeyboardEvent, useEffect, useRef, useState } from 'react';
import type { Document } from '../../lib/client/document.ts';
import { useValue } from '../../lib/client/use-value.ts';
import { baseName, displayPath, parentPath, type WirePath } from '../../lib/contracts/path.ts';
import { classNames } from '../ui/class-names.ts';
import { TabClose } from '../ui/tab-close.tsx';
import { FileIcon } from './file-icon.tsx';
import { useIde } from './ide-context.ts';

export function EditorTabs() {
  const { client } = useIde();
  const { order, active } = useValue(client.documents.tabs);
  const [dragged, setDragged] = useState<Document | null>(null);
  if (order.length === 0) return <div className="h-9 shrink-0 border-b border-line" />;
  const drop = (over: Document) => {
    if (dragged && dragged !== over) client.documents.move(dragged, order.indexOf(over));
  };
  return (
    <div
      role="tablist"
      aria-label="Open files"
      className="flex h-9 shrink-0 overflow-x-auto overflow-y-hidden border-b border-line bg-background [scrollbar-width:none]"
    >
      {order.map((document) => (
        <EditorTab
          key={document.key}
          document={document}
          active={document === active}
          folder={ambiguous(order, document) ? folderOf(document.path) : null}
          onDragStart={() => setDragged(document)}
          onDragEnter={() => drop(document)}
          onDragEnd={() => setDragged(null)}
        />
      ))}
    </div>
  );
}

function ambiguous(order: readonly Document[], document: Document): boolean {
  return order.some((other) => other !== document && baseName(other.path) === baseName(document.path));
}

function folderOf(path: WirePath): string {
  return displayPath(parentPath(path) ?? path) || '/';
}

interface TabProps {
  document: Document;
  active: boolean;
  folder: string | null;
  onDragStart: (event: DragEvent) => void;
  onDragEnter: () => void;
  onDragEnd: () => void;
}

function EditorTab({ document, active, folder, ...drag }: TabProps) {
  const ide = useIde();
  const { path, dirty, disk, save } = useValue(document.state);
  const ref = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (active) ref.current?.scrollIntoView({ block: 'nearest', inline: 'nearest' });
  }, [active]);
  const name = baseName(path);
  const state = dirty ? ', not saved' : disk === 'deleted' ? ', deleted' : '';
  return (
    <div
      ref={ref}
      role="tab"
      tabIndex={active ? 0 : -1}
      aria-selected={active}
      aria-label={`${name}${state}`}
      title={displayPath(path)}
      data-testid="tab"
      data-path={path}
      data-dirty={dirty}
      draggable
      {...drag}
      onDragOver={(event) => event.preventDefault()}
      onClick={() => ide.client.documents.activate(document)}
      onAuxClick={(event) => event.button === 1 && ide.close(document)}
      onMouseDown={(event) => event.button === 1 && event.preventDefault()}
      onKeyDown={(event) => tabKey(event, () => ide.close(document))}
      className={classNames(
        'group relative flex max-w-60 shrink-0 cursor-default items-center gap-1.5 border-r border-line pr-1.5 pl-3 text-muted select-none hover:text-text',
        active && 'bg-surface text-text before:absolute before:inset-x-0 before:top-0 before:h-0.5 before:bg-accent',
      )}
    >
      <FileIcon name={name} type="file" />
      <span className={classNames('truncate', disk === 'deleted' && 'line-through')}>{name}</span>
      {folder !== null && <span className="truncate text-small text-faint">{folder}</span>}
      <TabClose
        onClose={() => ide.close(document)}
        className="group/close flex size-5 items-center justify-center rounded hover:bg-hover"
      >
        {dirty && (
          <span
            className={classNames(
              'size-2 rounded-full bg-accent group-hover/close:hidden',
              save.kind === 'saving' && 'animate-breathe',
              save.kind === 'failed' && 'bg-danger',
            )}
          />
        )}
        <X
          className={classNames(
            'size-3.5 opacity-0 group-hover:opacity-100 ',
            active && 'opacity-100',
            dirty && 'hidden opacity-100 group-hover/close:block',
          )}
        />
      </TabClose>
    </div>
  );
}

/** Arrows move between tabs, Enter shows one, Delete closes it. */
function tabKey(event: KeyboardEvent<HTMLDivElement>, close: () => void): void {
  const sibling =
    event.key === 'ArrowRight'
      ? event.currentTarget.nextElementSibling
      : event.key === 'ArrowLeft'
        ? event.currentTarget.previousElementSibling
        : null;
  if (sibling instanceof HTMLElement) {
    sibling.focus();
    sibling.click();
  } else if (event.key === 'Delete') close();
  else if (event.key === 'Enter' || event.key === ' ') event.currentTarget.click();
  else return;
  event.preventDefault();
}
