import type { ReactNode } from 'react';

/** The strip at the top of a pane: what it is, and what can be done with it. */
export function PaneHeader({ title, children }: { title: ReactNode; children?: ReactNode }) {
  return (
    <header className="flex h-9 shrink-0 items-center gap-1 border-b border-line pr-1.5 pl-3">
      <h2 className="flex min-w-0 flex-1 items-center gap-2 truncate text-small font-medium text-muted">{title}</h2>
      {children}
    </header>
  );
}
