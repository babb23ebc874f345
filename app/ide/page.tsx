import { redirect } from 'next/navigation';
import { services } from '../../lib/services.ts';
import { requireCaller } from '../auth/caller.ts';

/** Goes to the session used last, or to a new one. */
export default async function IdeEntryPage() {
  const { caller } = await requireCaller();
  const { sessions, workspaces } = services();
  const open = await sessions.list(caller);
  const last = open.toSorted((a, b) => b.lastAccessAt - a.lastAccessAt)[0];
  if (last) redirect(`/ide/${last.sessionId}`);
  const [workspace] = await workspaces.list(caller);
  if (!workspace) throw new Error('This account has no workspace.');
  const { sessionId } = await sessions.create(caller, { workspaceId: workspace.workspaceId, name: 'Session 1' });
  redirect(`/ide/${sessionId}`);
}
