'use client';

import dynamic from 'next/dynamic';
import type { Session, User, Workspace } from '../../lib/contracts/records.ts';
import type { IdeActions } from './ide-context.ts';
import { IdeSkeleton } from './ide-skeleton.tsx';

export interface IdePageProps {
  user: User;
  session: Session;
  workspace: Workspace;
  sessions: Session[];
  actions: IdeActions;
}

/** The IDE lives in the browser alone: nothing of it can be drawn without one. */
const IdeRoot = dynamic(() => import('./ide-root.tsx').then((module) => module.IdeRoot), {
  ssr: false,
  loading: () => <IdeSkeleton />,
});

export function IdePage(props: IdePageProps) {
  return <IdeRoot {...props} />;
}
