'use server';

import { redirect } from 'next/navigation';
import type { RegistrationResult } from '../../components/auth/register-form.tsx';
import { isCoditectError } from '../../lib/contracts/errors.ts';
import { registration } from '../../lib/contracts/records.ts';
import { services } from '../../lib/services.ts';
import { setLoginCookie } from '../auth/cookie.ts';
import { requestPeer } from '../auth/peer.ts';

/** Makes the account, signs in and goes to its first session; or answers with what is wrong, field by field. */
export async function register(_before: RegistrationResult, form: FormData): Promise<RegistrationResult> {
  const text = (name: string) => String(form.get(name) ?? '');
  const typed = { name: text('name'), email: text('email'), setupCode: text('setupCode').trim() };
  const { setupCode, ...rest } = { ...typed, password: text('password') };
  const checked = registration.safeParse(setupCode === '' ? rest : { ...rest, setupCode });
  if (!checked.success) {
    const issues = checked.error.issues.map((issue) => [String(issue.path[0]), `This ${issue.message}.`] as const);
    // The first fault of each field: the list is in order, and the last one written stays.
    return { typed, errors: Object.fromEntries(issues.reverse()) };
  }
  const made = await services()
    .accounts.register(checked.data, await requestPeer())
    .catch((error: unknown) => {
      if (isCoditectError(error)) return error;
      throw error;
    });
  if (made instanceof Error) return { typed, errors: { [made.details.field ?? 'form']: made.message } };
  await setLoginCookie(made);
  redirect(`/ide/${made.session.sessionId}`);
}
