import { CircleAlert } from 'lucide-react';
import { type ComponentProps, type ReactNode, useId } from 'react';
import { classNames } from './class-names.ts';

export const inputStyle =
  'h-10 w-full rounded-md border border-line-strong bg-sunken px-3 text-sm text-text transition-colors placeholder:text-faint hover:border-faint aria-invalid:border-danger';

/** A named input with help below it, and an error in its place. */
export function Field({
  label,
  help,
  error,
  trailing,
  className,
  ...rest
}: ComponentProps<'input'> & {
  label: string;
  help?: ReactNode;
  error?: string | undefined;
  trailing?: ReactNode;
}) {
  const id = useId();
  const note = `${id}-note`;
  return (
    <div className="flex flex-col gap-1.5">
      <label htmlFor={id} className="font-medium">
        {label}
      </label>
      <div className="relative">
        <input
          id={id}
          aria-invalid={error !== undefined || undefined}
          aria-describedby={note}
          className={classNames(inputStyle, trailing !== undefined && 'pr-11', className)}
          {...rest}
        />
        {trailing !== undefined && <div className="absolute inset-y-0 right-1 flex items-center">{trailing}</div>}
      </div>
      <div id={note} className="min-h-5 text-ide">
        {error === undefined ? <span className="text-muted">{help}</span> : <FieldError>{error}</FieldError>}
      </div>
    </div>
  );
}

function FieldError({ children }: { children: ReactNode }) {
  return (
    <span role="alert" className="flex items-start gap-1.5 text-danger">
      <CircleAlert className="mt-0.5 size-4 shrink-0" aria-hidden />
      {children}
    </span>
  );
}
