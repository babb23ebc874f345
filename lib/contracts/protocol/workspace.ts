import { z } from 'zod';
import { sessionId, spoolId, terminalId, timestamp } from '../ids.ts';
import { limits } from '../limits.ts';
import { monitorStatus, terminal } from '../records.ts';
import { observedEntry } from '../trail.ts';
import { fileMethods } from './files.ts';
import { bytes, event, nothing, request } from './method.ts';
import { hostTerminalMethods, terminalChanged, terminalData } from './terminals.ts';

/** What a process in a workspace may be. It stands in the credential, never in a message. */
export const workspaceRole = z.enum(['host', 'monitor']);
export type WorkspaceRole = z.infer<typeof workspaceRole>;

const tokenRenewed = event({
  since: 1,
  says: 'A fresh workspace token for the next time this process connects.',
  params: z.object({ token: z.string(), expiresAt: timestamp }),
});

/** Gateway → host. */
export const hostMethods = {
  ...fileMethods,
  ...hostTerminalMethods,
  'token.renewed': tokenRenewed,
};

/** Host → gateway. */
export const hostPushes = {
  'host.hello': request({
    since: 1,
    says: 'The first message of a host. A host that was there before has terminals; one that was not has none.',
    params: z.object({
      version: z.string().max(50),
      startedAt: timestamp,
      terminals: z.array(terminal).max(limits.terminalsMax),
    }),
    result: nothing,
  }),
  'terminal.data': terminalData,
  'terminal.changed': terminalChanged,
  'terminal.snapshot': request({
    since: 1,
    says: 'The screen to show when this host is gone; sent when output rests, and at the end.',
    params: z.object({ terminal, sessionId, terminalId, bytes: bytes(limits.terminalSnapshotBytesMax) }),
    result: nothing,
  }),
};

/** What a monitor is told to do; a change of the rules becomes an entry. */
export const monitorSettings = z.object({
  ignoreRules: z.array(z.string().min(1).max(limits.ignoreRuleBytesMax)).max(limits.ignoreRulesMax),
});
export type MonitorSettings = z.infer<typeof monitorSettings>;

/** Gateway → monitor. */
export const monitorMethods = {
  'token.renewed': tokenRenewed,
  'trail.drain': event({
    since: 1,
    says: 'Send a batch with `drainedAt`, entries or none: an op waits for what it did to be recorded, and may have done nothing.',
    params: nothing,
  }),
  'monitor.settings': event({ since: 1, says: 'New settings.', params: monitorSettings }),
};

/** Monitor → gateway. */
export const monitorPushes = {
  'monitor.hello': request({
    since: 1,
    says: 'The first message of a monitor: its spool. The answer names the last sequence stored from that spool.',
    params: z.object({ version: z.string().max(50), spool: spoolId }),
    result: z.object({ seq: z.int().min(0), settings: monitorSettings }),
  }),
  'monitor.status': event({ since: 1, says: 'How well the trail is being kept.', params: monitorStatus }),
  'trail.append': request({
    since: 1,
    says: 'Entries in order, numbered from `firstSeq` in the spool. Stored durably before the answer, which names the last sequence stored; what was stored before is skipped. `drainedAt`: everything that happened before it (monitor’s clock) is in this or an earlier batch; null when not known.',
    params: z.object({
      spool: spoolId,
      firstSeq: z.int().min(1),
      entries: z.array(observedEntry).max(limits.trailBatchEntriesMax),
      drainedAt: timestamp.nullable(),
    }),
    result: z.object({ seq: z.int().min(0) }),
  }),
};
