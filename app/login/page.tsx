import type { Metadata } from 'next';
import { redirect } from 'next/navigation';
import { AuthShell } from '../../components/auth/auth-shell.tsx';
import { LoginForm } from '../../components/auth/login-form.tsx';
import { currentCaller } from '../auth/caller.ts';

export const metadata: Metadata = { title: 'Sign in' };

export default async function LoginPage() {
  if (await currentCaller()) redirect('/ide');
  return (
    <AuthShell title="Sign in" other={{ text: 'New here?', link: 'Create an account', href: '/register' }}>
      <LoginForm />
    </AuthShell>
  );
}
