import { type FormEvent, type ReactNode, useState } from 'react';
import { toProblem } from '../../lib/contracts/errors.ts';
import { Button } from '../ui/button.tsx';
import { Dialog, DialogFooter } from '../ui/dialog.tsx';
import { Field } from '../ui/field.tsx';

/** Asks for one line of text. `submit` answers with what is wrong, or throws it, or is done. */
export function NameDialog({
  title,
  description,
  label,
  initial,
  selectFrom,
  action,
  mono = false,
  check,
  submit,
  onClose,
}: {
  title: string;
  description?: ReactNode;
  label: string;
  initial: string;
  /** What comes from here on is selected at first. */
  selectFrom: number;
  action: string;
  mono?: boolean;
  check: (typed: string) => string | undefined;
  submit: (typed: string) => Promise<string | undefined>;
  onClose: () => void;
}) {
  const [typed, setTyped] = useState(initial);
  const [error, setError] = useState<string | undefined>();
  const [pending, setPending] = useState(false);
  const go = async (event: FormEvent) => {
    event.preventDefault();
    const fault = check(typed);
    if (fault !== undefined) return setError(fault);
    setPending(true);
    const refusal = await submit(typed).catch(refusalOf);
    setPending(false);
    if (refusal === undefined) onClose();
    else setError(refusal);
  };
  return (
    <Dialog open onClose={onClose} title={title} description={description}>
      <form onSubmit={(event) => void go(event)}>
        <div className="px-4">
          <Field
            label={label}
            value={typed}
            error={error}
            spellCheck={false}
            autoComplete="off"
            className={mono ? 'h-8 font-mono text-ide' : 'h-8 text-ide'}
            onFocus={(event) => event.target.setSelectionRange(selectFrom, event.target.value.length)}
            onChange={(event) => {
              setTyped(event.target.value);
              setError(undefined);
            }}
          />
        </div>
        <DialogFooter>
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" look="primary" disabled={pending}>
            {action}
          </Button>
        </DialogFooter>
      </form>
    </Dialog>
  );
}

function refusalOf(error: unknown): string {
  const { code, detail } = toProblem(error);
  if (code === 'stale_write' || code === 'conflict') return 'That name is taken already.';
  return detail;
}
