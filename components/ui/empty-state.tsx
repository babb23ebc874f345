import type { ReactNode } from 'react';

/** What stands where there is nothing yet: what this place is for, and the next step. */
export function EmptyState({ icon, title, children }: { icon: ReactNode; title: string; children?: ReactNode }) {
  return (
    <div className="flex h-full flex-col items-center justify-center gap-2 p-6 text-center [&>svg]:size-6 [&>svg]:text-faint">
      {icon}
      <p className="font-medium">{title}</p>
      {children !== undefined && <div className="flex max-w-72 flex-col items-center gap-3 text-muted">{children}</div>}
    </div>
  );
}
