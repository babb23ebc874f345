import { CircleAlert, Info, TriangleAlert } from 'lucide-react';
import type { ReactNode } from 'react';
import { classNames } from './class-names.ts';

const looks = {
  info: { icon: Info, style: 'bg-accent-soft text-text [&>svg]:text-accent' },
  warn: { icon: TriangleAlert, style: 'bg-warn-soft text-text [&>svg]:text-warn' },
  danger: { icon: CircleAlert, style: 'bg-danger-soft text-text [&>svg]:text-danger' },
} as const;

/** A sentence about the state of things, with what can be done about it. */
export function Notice({
  look,
  className,
  action,
  children,
}: {
  look: keyof typeof looks;
  className?: string;
  action?: ReactNode;
  children: ReactNode;
}) {
  const { icon: Icon, style } = looks[look];
  return (
    <div role="status" className={classNames('flex items-center gap-2 px-3 py-1.5 text-ide', style, className)}>
      <Icon className="size-4 shrink-0" aria-hidden />
      <div className="min-w-0 flex-1">{children}</div>
      {action}
    </div>
  );
}
