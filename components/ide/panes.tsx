import { Files, FileText, History, SquareTerminal } from 'lucide-react';
import { Group, Panel, Separator } from 'react-resizable-panels';
import type { Layout } from '../../lib/client/layout.ts';
import { useValue } from '../../lib/client/use-value.ts';
import { classNames } from '../ui/class-names.ts';
import { ActivityPanel } from './activity-panel.tsx';
import { EditorArea } from './editor-area.tsx';
import { FilePanel } from './file-panel.tsx';
import { type PaneName, useIde } from './ide-context.ts';
import { TerminalPanel } from './terminal-panel.tsx';
import { useNarrow } from './use-narrow.ts';

/** Files, editor, terminals and activity: side by side, or one at a time where there is no room. */
export function Panes() {
  return useNarrow() ? <NarrowPanes /> : <WidePanes />;
}

function WidePanes() {
  const { client } = useIde();
  const { explorerOpen, terminalOpen, activityOpen, columns, rows } = useValue(client.layout);
  const keep = (name: 'columns' | 'rows') => (shares: Record<string, number>) =>
    client.arrange({ [name]: { ...client.layout.get()[name], ...shares } });
  return (
    <Group orientation="horizontal" id="columns" onLayoutChanged={keep('columns')}>
      {explorerOpen && (
        <>
          <Panel
            id="pane-files"
            minSize={160}
            defaultSize={share(columns, 'pane-files') ?? 232}
            groupResizeBehavior="preserve-pixel-size"
          >
            <FilePanel />
          </Panel>
          <Separator className="w-px" aria-label="Width of the files" />
        </>
      )}
      <Panel id="pane-centre" minSize={280}>
        <Group orientation="vertical" id="rows" onLayoutChanged={keep('rows')}>
          <Panel id="pane-editor" minSize={96}>
            <EditorArea />
          </Panel>
          {terminalOpen && (
            <>
              <Separator className="h-px" aria-label="Height of the terminals" />
              <Panel
                id="pane-terminal"
                minSize={88}
                defaultSize={share(rows, 'pane-terminal') ?? '36%'}
                groupResizeBehavior="preserve-pixel-size"
              >
                <TerminalPanel />
              </Panel>
            </>
          )}
        </Group>
      </Panel>
      {activityOpen && (
        <>
          <Separator className="w-px" aria-label="Width of the activity" />
          <Panel
            id="pane-activity"
            minSize={220}
            defaultSize={share(columns, 'pane-activity') ?? 320}
            groupResizeBehavior="preserve-pixel-size"
          >
            <ActivityPanel />
          </Panel>
        </>
      )}
    </Group>
  );
}

function share(shares: Layout['columns'], panel: string): string | undefined {
  const percent = shares?.[panel];
  return percent === undefined ? undefined : `${percent}%`;
}

const panes = {
  files: { label: 'Files', icon: Files, content: FilePanel },
  editor: { label: 'Editor', icon: FileText, content: EditorArea },
  terminal: { label: 'Terminal', icon: SquareTerminal, content: TerminalPanel },
  activity: { label: 'Activity', icon: History, content: ActivityPanel },
} as const;

function NarrowPanes() {
  const ide = useIde();
  const shown = useValue(ide.pane);
  const { content: Content } = panes[shown];
  return (
    <div className="flex h-full flex-col">
      <div className="min-h-0 flex-1">
        <Content />
      </div>
      <nav aria-label="Panes" className="grid grid-cols-4 border-t border-line bg-background">
        {(Object.keys(panes) as PaneName[]).map((name) => {
          const { label, icon: Icon } = panes[name];
          return (
            <button
              key={name}
              type="button"
              aria-current={name === shown}
              onClick={() => ide.pane.set(name)}
              className={classNames(
                'flex h-12 flex-col items-center justify-center gap-0.5 text-small text-muted',
                name === shown && 'text-accent',
              )}
            >
              <Icon className="size-4.5" aria-hidden />
              {label}
            </button>
          );
        })}
      </nav>
    </div>
  );
}
