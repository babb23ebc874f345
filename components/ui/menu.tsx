import { ContextMenu, DropdownMenu } from 'radix-ui';
import type { ComponentProps, ReactNode } from 'react';
import { classNames } from './class-names.ts';
import { Keys } from './keys.tsx';

const panel =
  'z-50 min-w-48 max-w-80 animate-appear rounded-md border border-line-strong bg-raised p-1 text-ide text-text shadow-raised';
const row =
  'flex h-7 items-center gap-2 rounded px-2 outline-none select-none data-disabled:opacity-50 data-highlighted:bg-hover [&_svg]:size-4 [&_svg]:text-muted';

/** A menu under a button. `trigger` is one element that takes a ref. */
export function Menu({
  trigger,
  align = 'start',
  children,
}: {
  trigger: ReactNode;
  align?: 'start' | 'end';
  children: ReactNode;
}) {
  return (
    <DropdownMenu.Root>
      <DropdownMenu.Trigger asChild>{trigger}</DropdownMenu.Trigger>
      <DropdownMenu.Portal>
        <DropdownMenu.Content align={align} sideOffset={4} collisionPadding={8} className={panel}>
          {children}
        </DropdownMenu.Content>
      </DropdownMenu.Portal>
    </DropdownMenu.Root>
  );
}

export function MenuItem({
  keys,
  danger = false,
  children,
  className,
  ...rest
}: ComponentProps<typeof DropdownMenu.Item> & { keys?: string; danger?: boolean }) {
  return (
    <DropdownMenu.Item className={classNames(row, danger && 'text-danger [&_svg]:text-danger', className)} {...rest}>
      {children}
      {keys && (
        <span className="ml-auto pl-4">
          <Keys keys={keys} />
        </span>
      )}
    </DropdownMenu.Item>
  );
}

export function MenuChoice({ children, className, ...rest }: ComponentProps<typeof DropdownMenu.RadioItem>) {
  return (
    <DropdownMenu.RadioItem className={classNames(row, className)} {...rest}>
      {children}
      <DropdownMenu.ItemIndicator className="ml-auto size-1.5 rounded-full bg-accent" />
    </DropdownMenu.RadioItem>
  );
}

export const MenuChoices = DropdownMenu.RadioGroup;

export function MenuLabel({ children }: { children: ReactNode }) {
  return <DropdownMenu.Label className="px-2 py-1 text-small text-faint">{children}</DropdownMenu.Label>;
}

export function MenuLine() {
  return <DropdownMenu.Separator className="-mx-1 my-1 h-px bg-line" />;
}

/** The menu of the right button, and of the menu key. */
export function ContextMenuArea({ content, children }: { content: ReactNode; children: ReactNode }) {
  return (
    <ContextMenu.Root>
      <ContextMenu.Trigger asChild>{children}</ContextMenu.Trigger>
      <ContextMenu.Portal>
        <ContextMenu.Content collisionPadding={8} className={panel}>
          {content}
        </ContextMenu.Content>
      </ContextMenu.Portal>
    </ContextMenu.Root>
  );
}

export function ContextMenuItem({
  keys,
  danger = false,
  children,
  ...rest
}: ComponentProps<typeof ContextMenu.Item> & { keys?: string; danger?: boolean }) {
  return (
    <ContextMenu.Item className={classNames(row, danger && 'text-danger [&_svg]:text-danger')} {...rest}>
      {children}
      {keys && (
        <span className="ml-auto pl-4">
          <Keys keys={keys} />
        </span>
      )}
    </ContextMenu.Item>
  );
}

export function ContextMenuLine() {
  return <ContextMenu.Separator className="-mx-1 my-1 h-px bg-line" />;
}
