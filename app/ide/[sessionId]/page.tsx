import type { Metadata } from 'next';
import { notFound } from 'next/navigation';
import { IdePage } from '../../../components/ide/ide-page.tsx';
import { isCoditectError } from '../../../lib/contracts/errors.ts';
import { sessionId as sessionIdSchema } from '../../../lib/contracts/ids.ts';
import { services } from '../../../lib/services.ts';
import { requireCaller } from '../../auth/caller.ts';
import { createSession, endSession, signOut } from '../actions.ts';

export const metadata: Metadata = { title: 'Workspace' };

export default async function SessionPage({ params }: { params: Promise<{ sessionId: string }> }) {
  const { caller, user } = await requireCaller();
  const id = sessionIdSchema.safeParse((await params).sessionId);
  if (!id.success) notFound();
  const { sessions, workspaces } = services();
  const session = await sessions.get(caller, id.data).catch(orNotFound);
  if (session.status === 'terminated') notFound();
  const [workspace, others] = await Promise.all([workspaces.get(caller, session.workspaceId), sessions.list(caller)]);
  return (
    <IdePage
      key={session.sessionId}
      user={user}
      session={session}
      workspace={workspace}
      sessions={others}
      actions={{ createSession, endSession, signOut }}
    />
  );
}

function orNotFound(error: unknown): never {
  if (isCoditectError(error, 'not_found')) notFound();
  throw error;
}
