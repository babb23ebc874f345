import { z } from 'zod';
import { sessionId, terminalId, timestamp } from '../ids.ts';
import { monitorStatus, session, sessionChange, terminal, user, workspace } from '../records.ts';
import { trailEntry, trailPage, trailQuery } from '../trail.ts';
import { fileMethods } from './files.ts';
import { event, nothing, request } from './method.ts';
import { browserTerminalMethods, terminalChanged, terminalData } from './terminals.ts';

/** How many entries a live update carries at most; beyond it the browser reads the page. */
export const trailPushEntriesMax = 200;

/**
 * Browser → gateway. A socket is attached to one session at a time; every other method speaks of that session and its
 * workspace, so no message names a user, a tenant or a workspace.
 */
export const browserMethods = {
  'session.attach': request({
    since: 1,
    says: 'Binds the socket to a session of the caller and answers with all that the IDE shows first.',
    params: z.object({ sessionId }),
    result: z.object({
      session,
      workspace,
      monitor: monitorStatus,
      terminals: z.array(terminal),
      trail: trailPage,
    }),
  }),
  'session.change': request({
    since: 1,
    says: 'Stores name, open files or layout of the attached session.',
    params: sessionChange.omit({ status: true }),
    result: z.object({ session }),
  }),
  'workspace.start': request({
    since: 1,
    says: 'Asks for the workspace to run.',
    params: nothing,
    result: z.object({ workspace }),
  }),
  'workspace.stop': request({
    since: 1,
    says: 'Asks for the workspace to stop; files are kept.',
    params: nothing,
    result: z.object({ workspace }),
  }),
  ...fileMethods,
  ...browserTerminalMethods,
  'trail.read': request({ since: 1, says: 'One page of the trail.', params: trailQuery, result: trailPage }),
};

/** Gateway → browser. */
export const browserPushes = {
  welcome: event({
    since: 1,
    says: 'The first message: the agreed version, who is signed in, the server’s clock.',
    params: z.object({ protocol: z.int(), user, serverTime: timestamp, version: z.string() }),
  }),
  'session.changed': event({
    since: 1,
    says: 'The attached session was changed by another browser.',
    params: z.object({ session }),
  }),
  'workspace.changed': event({
    since: 1,
    says: 'Status or a stage of the workspace changed.',
    params: z.object({ workspace }),
  }),
  'monitor.changed': event({
    since: 1,
    says: 'How well the trail is being kept.',
    params: z.object({ monitor: monitorStatus }),
  }),
  'trail.appended': event({
    since: 1,
    says: `New entries, the newest ${trailPushEntriesMax} at most; a first sequence beyond what the browser has means it reads the pages between.`,
    params: z.object({ entries: z.array(trailEntry).max(trailPushEntriesMax), completeTo: z.int().min(0) }),
  }),
  'terminal.data': terminalData,
  'terminal.changed': terminalChanged,
  'terminal.closed': event({ since: 1, says: 'A terminal is gone.', params: z.object({ terminalId }) }),
  'terminal.behind': event({
    since: 1,
    says: 'Output was left out for this browser because it was a window behind: attach again from the offset it has.',
    params: z.object({ terminalId }),
  }),
  'login.ended': event({
    since: 1,
    says: 'The login is no longer valid; the socket closes.',
    params: z.object({ reason: z.enum(['signed_out', 'revoked', 'expired']) }),
  }),
};
