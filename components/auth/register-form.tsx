'use client';

import { useActionState } from 'react';
import { limits } from '../../lib/contracts/limits.ts';
import { Button } from '../ui/button.tsx';
import { Field } from '../ui/field.tsx';
import { Notice } from '../ui/notice.tsx';
import { TooltipProvider } from '../ui/tooltip.tsx';
import { PasswordField } from './password-field.tsx';

export interface RegistrationResult {
  typed: { name: string; email: string; setupCode: string };
  /** By field; `form` for what is no field's fault. */
  errors: Record<string, string>;
}

const nothingTyped: RegistrationResult = { typed: { name: '', email: '', setupCode: '' }, errors: {} };

export function RegisterForm({
  register,
  setupCodeNeeded,
}: {
  register: (before: RegistrationResult, form: FormData) => Promise<RegistrationResult>;
  setupCodeNeeded: boolean;
}) {
  const [{ typed, errors }, submit, pending] = useActionState(register, nothingTyped);
  return (
    <TooltipProvider delayDuration={400}>
      <form action={submit} className="flex flex-col gap-1.5" noValidate>
        {errors.form && (
          <Notice look="danger" className="mb-2 rounded-md">
            {errors.form}
          </Notice>
        )}
        <Field
          label="Name"
          name="name"
          autoComplete="name"
          maxLength={limits.nameLengthMax}
          required
          defaultValue={typed.name}
          error={errors.name}
        />
        <Field
          label="E-mail"
          name="email"
          type="email"
          autoComplete="email"
          maxLength={limits.emailLengthMax}
          required
          defaultValue={typed.email}
          error={errors.email}
        />
        <PasswordField isNew error={errors.password} />
        {setupCodeNeeded && (
          <Field
            label="Set-up code"
            name="setupCode"
            autoComplete="off"
            className="font-mono"
            defaultValue={typed.setupCode}
            error={errors.setupCode}
            help="The server printed it when it started. The first account runs this installation."
          />
        )}
        <Button type="submit" look="primary" size="large" disabled={pending} className="mt-3">
          {pending ? 'Creating your workspace…' : 'Create account'}
        </Button>
      </form>
    </TooltipProvider>
  );
}
