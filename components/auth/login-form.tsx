'use client';

import { useRouter } from 'next/navigation';
import { signIn } from 'next-auth/react';
import { type FormEvent, useState } from 'react';
import { limits } from '../../lib/contracts/limits.ts';
import { Button } from '../ui/button.tsx';
import { Field } from '../ui/field.tsx';
import { Notice } from '../ui/notice.tsx';
import { TooltipProvider } from '../ui/tooltip.tsx';
import { PasswordField } from './password-field.tsx';
import { signInFailure } from './sign-in-failure.ts';

export function LoginForm() {
  const router = useRouter();
  const [failure, setFailure] = useState<string | null>(null);
  const [pending, setPending] = useState(false);

  const submit = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    setPending(true);
    setFailure(null);
    const result = await signIn('credentials', {
      redirect: false,
      email: String(form.get('email') ?? ''),
      password: String(form.get('password') ?? ''),
    }).catch(() => undefined);
    if (result?.ok && !result.error) return router.replace('/ide');
    setPending(false);
    setFailure(signInFailure(result?.error));
  };

  return (
    <TooltipProvider delayDuration={400}>
      <form onSubmit={(event) => void submit(event)} className="flex flex-col gap-2">
        {failure !== null && (
          <Notice look="danger" className="mb-2 rounded-md py-2.5">
            {failure}
          </Notice>
        )}
        <Field
          label="E-mail"
          name="email"
          type="email"
          autoComplete="username"
          maxLength={limits.emailLengthMax}
          required
        />
        <PasswordField />
        <Button type="submit" look="primary" size="large" disabled={pending} className="mt-2">
          {pending ? 'Signing in…' : 'Sign in'}
        </Button>
      </form>
    </TooltipProvider>
  );
}
