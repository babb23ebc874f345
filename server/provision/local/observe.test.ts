import { expect, it } from 'vitest';
import { ManualClock } from '../../../lib/base/clock.ts';
import { Emitter } from '../../../lib/base/emitter.ts';
import { limits } from '../../../lib/contracts/limits.ts';
import { newSpec } from '../contract-suite.ts';
import type { WorkspaceObservation } from '../provisioner.ts';
import { observeWorkspaces } from './observe.ts';

const { workspaceId } = newSpec();
const observed = (state: WorkspaceObservation['state']) => ({ workspaceId, state, stages: [], error: null });

function open(all: WorkspaceObservation[]) {
  const changes = new Emitter<WorkspaceObservation>();
  const clock = new ManualClock();
  const ended = new AbortController();
  const observations = observeWorkspaces({ list: () => all, changes, clock }, ended.signal);
  return { changes, clock, ended, next: () => observations.next() };
}

it('lists again now and then, whatever changes between', async () => {
  const { changes, clock, next } = open([observed('running')]);
  const listed = { done: false, value: { kind: 'listed', all: [observed('running')] } };
  expect(await next()).toEqual(listed);
  await clock.advance(limits.provisionListMs / 2);
  changes.emit(observed('starting'));
  expect(await next()).toMatchObject({ value: { kind: 'workspace' } });
  const again = next();
  await clock.advance(limits.provisionListMs / 2);
  expect(await again).toEqual(listed);
});

it('keeps the latest of each workspace for a slow reader', async () => {
  const { changes, next } = open([]);
  await next();
  for (const state of ['starting', 'running', 'stopping'] as const) changes.emit(observed(state));
  expect(await next()).toEqual({ done: false, value: { kind: 'workspace', workspace: observed('stopping') } });
});

it('ends when aborted, and listens no longer', async () => {
  const { changes, ended, next } = open([]);
  await next();
  const waiting = next();
  ended.abort();
  expect(await waiting).toEqual({ done: true, value: undefined });
  expect(changes.listenerCount).toBe(0);
});
