import { Popover as Radix } from 'radix-ui';
import type { ReactNode } from 'react';

/** A panel under a button. `trigger` is one element that takes a ref. */
export function Popover({
  trigger,
  label,
  align = 'start',
  children,
}: {
  trigger: ReactNode;
  label: string;
  align?: 'start' | 'end';
  children: ReactNode;
}) {
  return (
    <Radix.Root>
      <Radix.Trigger asChild>{trigger}</Radix.Trigger>
      <Radix.Portal>
        <Radix.Content
          aria-label={label}
          align={align}
          sideOffset={6}
          collisionPadding={8}
          className="z-50 w-[min(360px,calc(100vw-16px))] animate-appear rounded-lg border border-line-strong bg-raised text-ide text-text shadow-raised"
        >
          {children}
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}
