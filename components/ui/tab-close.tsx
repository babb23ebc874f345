import type { ReactNode } from 'react';

/**
 * The cross on a tab. A tab may hold nothing that takes the focus (WAI-ARIA, `tab`: its children are presentational),
 * so this is for pointers alone; the Delete key and the command palette close a tab too.
 */
export function TabClose({
  onClose,
  className,
  children,
}: {
  onClose: () => void;
  className: string;
  children: ReactNode;
}) {
  return (
    <span
      aria-hidden
      data-testid="tab-close"
      className={className}
      onClick={(event) => {
        event.stopPropagation();
        onClose();
      }}
    >
      {children}
    </span>
  );
}
