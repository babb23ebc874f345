import { Circle, CircleAlert, CircleCheck, LoaderCircle } from 'lucide-react';
import type { Workspace, WorkspaceStage, WorkspaceStageName } from '../../lib/contracts/records.ts';
import { classNames } from '../ui/class-names.ts';
import { useNow } from './use-now.ts';
import { durationText, stageWords } from './words.ts';

const order: WorkspaceStageName[] = ['requested', 'volume', 'sandbox', 'host', 'monitor', 'ready'];

/** Each step on the way to a running workspace, with how long it took or is taking. */
export function StageList({ workspace }: { workspace: Workspace }) {
  const now = useNow(200);
  return (
    <ol className="flex flex-col" aria-label="Stages">
      {order.map((name) => {
        const stage = workspace.stages.findLast((candidate) => candidate.name === name);
        return <StageRow key={name} name={name} stage={stage} now={now} />;
      })}
    </ol>
  );
}

function StageRow({ name, stage, now }: { name: WorkspaceStageName; stage: WorkspaceStage | undefined; now: number }) {
  const state = stateOf(stage);
  const took = stage && durationText((stage.endedAt ?? Math.max(now, stage.startedAt)) - stage.startedAt);
  return (
    <li data-testid={`stage-${name}`} data-state={state} className="flex min-h-8 items-start gap-3 py-1.5">
      <StageIcon state={state} />
      <div className="min-w-0 flex-1">
        <p className={classNames(state === 'waiting' && 'text-faint')}>{stageWords[name]}</p>
        {stage?.error && <p className="text-danger">{stage.error}</p>}
      </div>
      {stage && <span className="font-mono text-small leading-5 text-faint tabular-nums">{took}</span>}
    </li>
  );
}

type StageState = 'waiting' | 'running' | 'done' | 'failed';

function stateOf(stage: WorkspaceStage | undefined): StageState {
  if (!stage) return 'waiting';
  if (stage.error !== null) return 'failed';
  return stage.endedAt === null ? 'running' : 'done';
}

function StageIcon({ state }: { state: StageState }) {
  const style = 'mt-0.5 size-4 shrink-0';
  switch (state) {
    case 'waiting':
      return <Circle className={`${style} text-line-strong`} aria-label="Waiting" />;
    case 'running':
      return <LoaderCircle className={`${style} animate-spin text-accent`} aria-label="Under way" />;
    case 'done':
      return <CircleCheck className={`${style} text-ok`} aria-label="Done" />;
    case 'failed':
      return <CircleAlert className={`${style} text-danger`} aria-label="Failed" />;
  }
}
