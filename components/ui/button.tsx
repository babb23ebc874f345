import { cva, type VariantProps } from 'class-variance-authority';
import { Slot } from 'radix-ui';
import type { ComponentProps } from 'react';
import { classNames } from './class-names.ts';
import { Tooltip } from './tooltip.tsx';

const styles = cva(
  'inline-flex shrink-0 items-center justify-center gap-1.5 rounded-md font-medium whitespace-nowrap transition-colors select-none disabled:pointer-events-none disabled:opacity-50 [&_svg]:shrink-0',
  {
    variants: {
      look: {
        primary: 'bg-accent text-accent-text hover:bg-accent-hover',
        secondary: 'border border-line-strong bg-surface text-text hover:bg-hover',
        quiet: 'text-muted hover:bg-hover hover:text-text aria-expanded:bg-hover aria-pressed:text-text',
        danger: 'border border-danger/40 bg-danger-soft text-danger hover:border-danger',
      },
      size: {
        large: 'h-10 px-4 text-sm [&_svg]:size-4',
        normal: 'h-8 px-3 text-ide [&_svg]:size-4',
        small: 'h-6 px-2 text-small [&_svg]:size-3.5',
      },
    },
    defaultVariants: { look: 'secondary', size: 'normal' },
  },
);

type ButtonProps = ComponentProps<'button'> & VariantProps<typeof styles> & { asChild?: boolean };

export function Button({ look, size, asChild = false, className, type = 'button', ...rest }: ButtonProps) {
  const Element = asChild ? Slot.Root : 'button';
  return (
    <Element type={asChild ? undefined : type} className={classNames(styles({ look, size }), className)} {...rest} />
  );
}

/** A button that shows only an icon: its label is what a screen reader says and what the tooltip shows. */
export function IconButton({
  label,
  keys,
  className,
  ...rest
}: Omit<ComponentProps<'button'>, 'aria-label'> & { label: string; keys?: string | undefined }) {
  return (
    <Tooltip label={label} keys={keys}>
      <button
        type="button"
        aria-label={label}
        className={classNames(
          'inline-flex size-6 shrink-0 items-center justify-center rounded text-muted transition-colors hover:bg-hover hover:text-text disabled:pointer-events-none disabled:opacity-40 aria-expanded:bg-hover aria-pressed:text-text [&_svg]:size-4',
          className,
        )}
        {...rest}
      />
    </Tooltip>
  );
}
