'use client';

import { useEffect, useState } from 'react';
import { systemClock } from '../../lib/base/clock.ts';
import { systemRandom } from '../../lib/base/random.ts';
import { IdeClient } from '../../lib/client/ide-client.ts';
import { memoryJournal, openJournal } from '../../lib/client/journal.ts';
import { loadMonaco, monacoBuffers } from '../../lib/client/monaco.ts';
import { useValue } from '../../lib/client/use-value.ts';
import { Notice } from '../ui/notice.tsx';
import { TooltipProvider } from '../ui/tooltip.tsx';
import { Banner } from './banner.tsx';
import { CommandPalette } from './command-palette.tsx';
import { Dialogs } from './dialogs.tsx';
import { Ide, IdeProvider, useIde } from './ide-context.ts';
import type { IdePageProps } from './ide-page.tsx';
import { IdeSkeleton } from './ide-skeleton.tsx';
import { Panes } from './panes.tsx';
import { ProvisioningView } from './provisioning-view.tsx';
import { StatusBar } from './status-bar.tsx';
import { TopBar } from './top-bar.tsx';
import { useShortcuts } from './use-commands.ts';

const stagesShownMs = 900;

/** Makes the models behind the page, and ends them with it. */
export function IdeRoot(props: IdePageProps) {
  const [opened, setOpened] = useState<{ ide: Ide; journalKept: boolean } | null>(null);
  const { user, session, workspace, sessions, actions } = props;

  // Once for each session: what the server sends anew on a refresh of the page's data changes nothing here.
  // biome-ignore lint/correctness/useExhaustiveDependencies: see above.
  useEffect(() => {
    let client: IdeClient | undefined;
    let ended = false;
    const open = async () => {
      const kept = await openJournal().catch(() => undefined);
      if (ended) return;
      client = new IdeClient({
        session,
        workspace,
        journal: kept ?? memoryJournal(),
        buffers: async () => monacoBuffers(await loadMonaco()),
        clock: systemClock,
        random: systemRandom,
      });
      setOpened({ ide: new Ide({ client, user, sessions, actions }), journalKept: kept !== undefined });
    };
    void open();
    return () => {
      ended = true;
      client?.[Symbol.dispose]();
    };
  }, [session.sessionId]);

  if (!opened) return <IdeSkeleton />;
  return (
    <IdeProvider value={opened.ide}>
      <TooltipProvider delayDuration={400}>
        <Workbench journalKept={opened.journalKept} />
      </TooltipProvider>
    </IdeProvider>
  );
}

function Workbench({ journalKept }: { journalKept: boolean }) {
  const { client } = useIde();
  const { status } = useValue(client.workspace);
  // Once it has run, its panes stay: a workspace that stops takes nothing from the screen.
  const [hasRun, setHasRun] = useState(status === 'running');
  useEffect(() => {
    if (status !== 'running') return;
    // Who saw the stages sees the last one done before they go.
    const timer = setTimeout(() => setHasRun(true), stagesShownMs);
    return () => clearTimeout(timer);
  }, [status]);
  useShortcuts();
  return (
    <div className="flex h-dvh flex-col overflow-hidden text-ide">
      <TopBar />
      <Banner />
      {!journalKept && (
        <Notice look="warn">
          This browser keeps no data for this page: text that is not saved is lost when it closes.
        </Notice>
      )}
      <div className="min-h-0 flex-1">{hasRun ? <Panes /> : <ProvisioningView />}</div>
      <StatusBar />
      <CommandPalette />
      <Dialogs />
    </div>
  );
}
