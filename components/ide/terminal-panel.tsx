import { Plus, RotateCw, SquareTerminal, X } from 'lucide-react';
import { type KeyboardEvent, useState } from 'react';
import type { TerminalModel } from '../../lib/client/terminal-model.ts';
import { useValue } from '../../lib/client/use-value.ts';
import type { Terminal } from '../../lib/contracts/records.ts';
import { Button, IconButton } from '../ui/button.tsx';
import { classNames } from '../ui/class-names.ts';
import { EmptyState } from '../ui/empty-state.tsx';
import { Notice } from '../ui/notice.tsx';
import { TabClose } from '../ui/tab-close.tsx';
import { attempt, openTerminal } from './commands.ts';
import { useIde } from './ide-context.ts';
import { TerminalView } from './terminal-view.tsx';

export function TerminalPanel() {
  const ide = useIde();
  const { order, active, known } = useValue(ide.client.terminals.tabs);
  // A terminal is drawn once it was shown, and from then on kept up to date behind the others.
  const [seen, setSeen] = useState<ReadonlySet<TerminalModel>>(new Set());
  if (active && !seen.has(active)) setSeen(new Set([...seen, active]));
  return (
    <section
      aria-label="Terminals"
      data-pane="terminal"
      className="flex h-full flex-col bg-surface"
      data-testid="terminals"
    >
      <div className="flex h-9 shrink-0 items-center border-b border-line bg-background pr-1.5">
        <div
          role="tablist"
          aria-label="Terminals"
          className="flex h-full min-w-0 flex-1 overflow-x-auto [scrollbar-width:none]"
        >
          {order.map((model, at) => (
            <TerminalTab key={model.terminalId} model={model} number={at + 1} active={model === active} />
          ))}
        </div>
        <IconButton label="New terminal" keys="ctrl+shift+`" onClick={() => openTerminal(ide)}>
          <Plus />
        </IconButton>
      </div>
      <div className="relative min-h-0 flex-1">
        {order
          .filter((model) => seen.has(model))
          .map((model) => (
            <div
              key={model.terminalId}
              role="tabpanel"
              hidden={model !== active}
              className="absolute inset-0 flex flex-col [&[hidden]]:hidden"
              data-testid="terminal-screen"
              data-terminal={model.terminalId}
            >
              <TerminalNotice model={model} />
              <TerminalView model={model} visible={model === active} />
            </div>
          ))}
        {known && order.length === 0 && (
          <EmptyState icon={<SquareTerminal aria-hidden />} title="No terminal is open">
            <Button size="small" data-start onClick={() => openTerminal(ide)}>
              New terminal
            </Button>
          </EmptyState>
        )}
      </div>
    </section>
  );
}

function TerminalTab({ model, number, active }: { model: TerminalModel; number: number; active: boolean }) {
  const { terminals } = useIde().client;
  const { title, state } = useValue(model.record);
  const name = title === '' ? `Terminal ${number}` : title;
  const close = () => attempt('The terminal could not be closed', () => terminals.close(model));
  return (
    <div
      role="tab"
      tabIndex={active ? 0 : -1}
      aria-selected={active}
      aria-label={`${name}, ${stateWords(state)}`}
      data-testid="terminal-tab"
      data-state={state.kind}
      title={name}
      onClick={() => terminals.activate(model)}
      onAuxClick={(event) => event.button === 1 && close()}
      onMouseDown={(event) => event.button === 1 && event.preventDefault()}
      onKeyDown={(event) => terminalTabKey(event, close)}
      className={classNames(
        'group relative flex max-w-52 shrink-0 cursor-default items-center gap-2 border-r border-line pr-1.5 pl-3 text-muted select-none hover:text-text',
        active && 'bg-surface text-text before:absolute before:inset-x-0 before:top-0 before:h-0.5 before:bg-accent',
      )}
    >
      <SquareTerminal
        aria-hidden
        className={classNames('size-4 shrink-0 text-faint', state.kind === 'lost' && 'text-warn')}
      />
      <span className={classNames('truncate', state.kind !== 'running' && 'line-through')}>{name}</span>
      {state.kind === 'exited' && state.exitCode !== 0 && (
        <span className="text-small text-danger">{state.exitCode ?? 'ended'}</span>
      )}
      <TabClose
        onClose={close}
        className={classNames(
          'flex size-5 items-center justify-center rounded opacity-0 group-hover:opacity-100 hover:bg-hover',
          active && 'opacity-100',
        )}
      >
        <X className="size-3.5" />
      </TabClose>
    </div>
  );
}

function terminalTabKey(event: KeyboardEvent<HTMLDivElement>, close: () => void): void {
  const { previousElementSibling, nextElementSibling } = event.currentTarget;
  const sibling = { ArrowLeft: previousElementSibling, ArrowRight: nextElementSibling }[event.key];
  if (sibling instanceof HTMLElement) {
    sibling.focus();
    sibling.click();
  } else if (event.key === 'Delete') close();
  else if (event.key === 'Enter' || event.key === ' ') event.currentTarget.click();
  else return;
  event.preventDefault();
}

function stateWords(state: Terminal['state']): string {
  switch (state.kind) {
    case 'running':
      return 'running';
    case 'exited':
      if (state.signal !== null && state.signal !== 0) return `ended by signal ${state.signal}`;
      return state.exitCode === null ? 'ended' : `ended with status ${state.exitCode}`;
    case 'lost':
      return 'lost with the machine it ran on';
  }
}

/** A terminal that has ended says so over its last screen, with the way to a new one. */
function TerminalNotice({ model }: { model: TerminalModel }) {
  const ide = useIde();
  const { state } = useValue(model.record);
  const screen = useValue(model.screenState);
  if (state.kind !== 'running') {
    const again = () => {
      openTerminal(ide);
      attempt('The terminal could not be closed', () => ide.client.terminals.close(model));
    };
    return (
      <Notice
        look={state.kind === 'lost' ? 'warn' : 'info'}
        action={
          <Button size="small" onClick={again}>
            <RotateCw />
            Start anew
          </Button>
        }
      >
        This terminal has {state.kind === 'lost' ? 'been ' : ''}
        {stateWords(state)}. This is its last screen.
      </Notice>
    );
  }
  if (screen.kind === 'failed') return <Notice look="warn">The screen cannot be shown: {screen.problem.detail}</Notice>;
  return null;
}
