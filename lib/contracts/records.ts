import { z } from 'zod';
import {
  eventId,
  licenseId,
  loginId,
  runId,
  sessionId,
  sha256Hex,
  tenantId,
  terminalId,
  timestamp,
  userId,
  workspaceId,
} from './ids.ts';
import { limits } from './limits.ts';
import { wireEntryPath } from './path.ts';

/** The records of the product as its people and programs see them. What is only stored stands in the keyspace. */

export const tenantRole = z.enum(['owner', 'admin', 'member']);
export type TenantRole = z.infer<typeof tenantRole>;

export const user = z.object({
  userId,
  tenantId,
  email: z.string(),
  name: z.string(),
  role: tenantRole,
  /** Runs this installation: may enter `/admin`. */
  operator: z.boolean(),
  createdAt: timestamp,
});
export type User = z.infer<typeof user>;

export const tenant = z.object({ tenantId, name: z.string(), createdAt: timestamp });
export type Tenant = z.infer<typeof tenant>;

export const license = z.object({
  licenseId,
  tenantId,
  plan: z.enum(['community']),
  workspacesMax: z.int().min(0),
  createdAt: timestamp,
});
export type License = z.infer<typeof license>;

export const workspaceStatus = z.enum(['pending', 'starting', 'running', 'stopping', 'stopped', 'failed']);
export type WorkspaceStatus = z.infer<typeof workspaceStatus>;

/** One step on the way to a running workspace, in order, as the person waiting sees it. */
export const workspaceStage = z.object({
  name: z.enum(['requested', 'volume', 'sandbox', 'host', 'monitor', 'ready']),
  startedAt: timestamp,
  endedAt: timestamp.nullable(),
  error: z.string().nullable(),
});
export type WorkspaceStage = z.infer<typeof workspaceStage>;
export type WorkspaceStageName = WorkspaceStage['name'];

export const workspace = z.object({
  workspaceId,
  userId,
  status: workspaceStatus,
  stages: z.array(workspaceStage),
  /** The last failure in plain words, with what to do. */
  error: z.string().nullable(),
  createdAt: timestamp,
});
export type Workspace = z.infer<typeof workspace>;

/** One open file of a session. */
export const fileState = z.object({
  path: wireEntryPath,
  /** Its place among the tabs. */
  position: z.int().min(0).max(limits.sessionFilesMax),
  active: z.boolean(),
  /** The saved content the editor's text is based on; null for a file that was never saved. */
  baseSha256: sha256Hex.nullable(),
  line: z.int().min(1).default(1),
  column: z.int().min(1).default(1),
});
export type FileState = z.infer<typeof fileState>;

/** One agent run of a session. (Runs come with a later part; the record is fixed now.) */
export const agentState = z.object({
  runId,
  kind: z.enum(['code-gen', 'code-review']),
  status: z.enum(['queued', 'running', 'succeeded', 'failed', 'cancelled']),
  startedAt: timestamp,
  endedAt: timestamp.nullable(),
});
export type AgentState = z.infer<typeof agentState>;

export const sessionStatus = z.enum(['active', 'suspended', 'terminated']);
export type SessionStatus = z.infer<typeof sessionStatus>;

export const session = z.object({
  sessionId,
  userId,
  tenantId,
  workspaceId,
  name: z.string(),
  podNamespace: z.string(),
  podName: z.string(),
  createdAt: timestamp,
  lastAccessAt: timestamp,
  status: sessionStatus,
  files: z.array(fileState),
  agents: z.array(agentState),
  /** Whether a browser is attached to it right now. */
  websocketConnected: z.boolean(),
  /** The IDE's arrangement, as the IDE wrote it. */
  layout: z.string().max(limits.sessionLayoutBytesMax).nullable(),
});

export type Session = z.infer<typeof session>;

/** A signed-in browser or client. */
export const login = z.object({
  loginId,
  userId,
  createdAt: timestamp,
  expiresAt: timestamp,
  userAgent: z.string(),
  address: z.string(),
});
export type Login = z.infer<typeof login>;

/** An account or administrative act. */
export const auditEvent = z.object({
  eventId,
  at: timestamp,
  action: z.enum([
    'user.registered',
    'login.created',
    'login.refused',
    'login.ended',
    'workspace.started',
    'workspace.stopped',
    'session.created',
    'session.suspended',
    'session.resumed',
    'session.terminated',
  ]),
  userId: userId.nullable(),
  loginId: loginId.nullable(),
  /** What was acted on: an id. */
  subject: z.string(),
  address: z.string(),
});
export type AuditEvent = z.infer<typeof auditEvent>;

export const terminalState = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('running') }),
  z.object({ kind: z.literal('exited'), exitCode: z.int().nullable(), signal: z.int().nullable(), at: timestamp }),
  /** Its host died; the last stored screen can still be read. */
  z.object({ kind: z.literal('lost'), at: timestamp }),
]);

export const terminal = z.object({
  terminalId,
  sessionId,
  title: z.string().max(200),
  columns: z.int().min(1).max(limits.terminalColumnsMax),
  rows: z.int().min(1).max(limits.terminalRowsMax),
  startedAt: timestamp,
  state: terminalState,
});
export type Terminal = z.infer<typeof terminal>;

/** How well the trail of a workspace is being kept. */
export const monitorStatus = z.object({
  /** `degraded`: recording goes on by scans alone; `offline`: what changes now is found by a later scan. */
  state: z.enum(['live', 'scanning', 'degraded', 'offline']),
  detail: z.string().max(500).nullable(),
  watches: z.int().min(0),
  /** Entries observed and not yet acknowledged by the server. */
  pending: z.int().min(0),
  version: z.string().max(50),
});
export type MonitorStatus = z.infer<typeof monitorStatus>;

export const email = z
  .string()
  .trim()
  .toLowerCase()
  .max(limits.emailLengthMax, `must be at most ${limits.emailLengthMax} characters`)
  .pipe(z.email('must be an e-mail address'));
export const personName = z
  .string()
  .trim()
  .min(1, 'must not be empty')
  .max(limits.nameLengthMax, `must be at most ${limits.nameLengthMax} characters`);
export const newPassword = z
  .string()
  .min(limits.passwordLengthMin, `must have at least ${limits.passwordLengthMin} characters`)
  .max(limits.passwordLengthMax, `must have at most ${limits.passwordLengthMax} characters`);

export const registration = z.object({
  email,
  password: newPassword,
  name: personName,
  /** Printed by the server at its first start beyond loopback; the first account needs it. */
  setupCode: z.string().max(100).optional(),
});
export type Registration = z.infer<typeof registration>;

export const credentials = z.object({
  email,
  password: z.string().min(1, 'must not be empty').max(limits.passwordLengthMax),
});
export type Credentials = z.infer<typeof credentials>;

export const sessionName = z
  .string()
  .trim()
  .min(1, 'must not be empty')
  .max(limits.sessionNameLengthMax, `must be at most ${limits.sessionNameLengthMax} characters`);
export const newSession = z.object({ workspaceId, name: sessionName });
export const sessionChange = z.object({
  name: sessionName.optional(),
  status: sessionStatus.extract(['active', 'suspended']).optional(),
  files: z.array(fileState).max(limits.sessionFilesMax).optional(),
  layout: z.string().max(limits.sessionLayoutBytesMax).optional(),
});
export type SessionChange = z.infer<typeof sessionChange>;
