'use client';

import { Eye, EyeOff } from 'lucide-react';
import { useState } from 'react';
import { limits } from '../../lib/contracts/limits.ts';
import { IconButton } from '../ui/button.tsx';
import { classNames } from '../ui/class-names.ts';
import { Field } from '../ui/field.tsx';

/** A password that can be shown. A new one shows how long it is against how long it should be. */
export function PasswordField({
  isNew = false,
  error,
  onChange,
}: {
  isNew?: boolean;
  error?: string | undefined;
  onChange?: () => void;
}) {
  const [shown, setShown] = useState(false);
  const [length, setLength] = useState(0);
  return (
    <Field
      label="Password"
      name="password"
      type={shown ? 'text' : 'password'}
      autoComplete={isNew ? 'new-password' : 'current-password'}
      maxLength={limits.passwordLengthMax}
      required
      error={error}
      help={isNew && <PasswordStrength length={length} />}
      onChange={(event) => {
        setLength([...event.target.value].length);
        onChange?.();
      }}
      trailing={
        <IconButton
          label={shown ? 'Hide the password' : 'Show the password'}
          aria-pressed={shown}
          className="size-8"
          onClick={() => setShown(!shown)}
        >
          {shown ? <EyeOff /> : <Eye />}
        </IconButton>
      }
    />
  );
}

/** Length is what makes a password strong, so length is what is shown. */
function PasswordStrength({ length }: { length: number }) {
  const steps = [limits.passwordLengthMin, 16, 20, 24];
  const reached = steps.filter((step) => length >= step).length;
  const words = ['', 'Long enough', 'Good', 'Strong', 'Very strong'][reached];
  const missing = limits.passwordLengthMin - length;
  return (
    <span className="flex items-center gap-3">
      <span className="flex w-24 gap-1" aria-hidden>
        {steps.map((step) => (
          <span
            key={step}
            className={classNames('h-1 flex-1 rounded-full bg-line-strong', length >= step && 'bg-ok')}
          />
        ))}
      </span>
      <span aria-live="polite">
        {length === 0 && `At least ${limits.passwordLengthMin} characters; a sentence is good`}
        {length > 0 && missing > 0 && `${missing} more ${missing === 1 ? 'character' : 'characters'}`}
        {words}
      </span>
    </span>
  );
}
