import type { Metadata } from 'next';
import { redirect } from 'next/navigation';
import { AuthShell } from '../../components/auth/auth-shell.tsx';
import { RegisterForm } from '../../components/auth/register-form.tsx';
import { services } from '../../lib/services.ts';
import { currentCaller } from '../auth/caller.ts';
import { register } from './actions.ts';

export const metadata: Metadata = { title: 'Create an account' };

export default async function RegisterPage() {
  if (await currentCaller()) redirect('/ide');
  const setupCodeNeeded = await services().site.setupCodeNeeded();
  return (
    <AuthShell title="Create your account" other={{ text: 'Have an account?', link: 'Sign in', href: '/login' }}>
      <RegisterForm register={register} setupCodeNeeded={setupCodeNeeded} />
    </AuthShell>
  );
}
