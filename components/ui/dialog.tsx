import { X } from 'lucide-react';
import { Dialog as Radix } from 'radix-ui';
import type { ReactNode } from 'react';
import { classNames } from './class-names.ts';

/** A dialog over the page. Escape and the cross close it; focus goes back to where it was. */
export function Dialog({
  open,
  onClose,
  title,
  description,
  className,
  children,
}: {
  open: boolean;
  onClose: () => void;
  title: string;
  description?: ReactNode;
  className?: string;
  children?: ReactNode;
}) {
  return (
    <Radix.Root open={open} onOpenChange={(next) => !next && onClose()}>
      <Radix.Portal>
        <Radix.Overlay className="fixed inset-0 z-40 bg-black/40" />
        <Radix.Content
          onOpenAutoFocus={focusFirst}
          {...(description === undefined ? { 'aria-describedby': undefined } : {})}
          className={classNames(
            'fixed top-[12vh] left-1/2 z-50 flex max-h-[76vh] w-[min(480px,calc(100vw-24px))] -translate-x-1/2 animate-appear flex-col rounded-lg border border-line-strong bg-raised text-ide shadow-raised',
            className,
          )}
        >
          <header className="flex items-start gap-4 px-4 pt-4 pb-3">
            <div className="min-w-0 flex-1">
              <Radix.Title className="text-sm font-semibold">{title}</Radix.Title>
              {description !== undefined && (
                <Radix.Description className="mt-1 text-muted">{description}</Radix.Description>
              )}
            </div>
            {/* Without a tooltip: opened by the first focus, it would take the first Escape. */}
            <button
              type="button"
              aria-label="Close"
              onClick={onClose}
              className="flex size-6 items-center justify-center rounded text-muted hover:bg-hover hover:text-text"
            >
              <X className="size-4" />
            </button>
          </header>
          {children}
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}

/** The keyboard goes to what is asked for, or else to the dialog as a whole, never to the cross. */
function focusFirst(event: Event): void {
  const content = event.currentTarget;
  if (!(content instanceof HTMLElement)) return;
  event.preventDefault();
  (content.querySelector<HTMLElement>('input, textarea') ?? content).focus();
}

export function DialogFooter({ children }: { children: ReactNode }) {
  return <footer className="flex flex-wrap justify-end gap-2 border-t border-line px-4 py-3">{children}</footer>;
}
