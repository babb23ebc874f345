import { z } from 'zod';

/** Lower-case base32, at most 26 characters: legal in a Kubernetes name after a short prefix. */
const id = () => z.string().regex(/^[a-z2-7]{1,26}$/, 'must be 1 to 26 characters of a–z and 2–7');

export const userId = id().brand<'UserId'>();
export const tenantId = id().brand<'TenantId'>();
export const licenseId = id().brand<'LicenseId'>();
export const workspaceId = id().brand<'WorkspaceId'>();
export const sessionId = id().brand<'SessionId'>();
export const loginId = id().brand<'LoginId'>();
export const terminalId = id().brand<'TerminalId'>();
export const opId = id().brand<'OpId'>();
export const runId = id().brand<'RunId'>();
export const eventId = id().brand<'EventId'>();
export const spoolId = id().brand<'SpoolId'>();
export const clientId = id().brand<'ClientId'>();

export type UserId = z.infer<typeof userId>;
export type TenantId = z.infer<typeof tenantId>;
export type LicenseId = z.infer<typeof licenseId>;
export type WorkspaceId = z.infer<typeof workspaceId>;
export type SessionId = z.infer<typeof sessionId>;
export type LoginId = z.infer<typeof loginId>;
export type TerminalId = z.infer<typeof terminalId>;
/** Names one change asked for through Coditect; minted by whoever asks, so that a retry is the same op. */
export type OpId = z.infer<typeof opId>;
export type RunId = z.infer<typeof runId>;
export type EventId = z.infer<typeof eventId>;
/** Names one life of a monitor's spool; minted when the spool is created empty. */
export type SpoolId = z.infer<typeof spoolId>;
/** Names one browser tab to a terminal, for the order of its input. */
export type ClientId = z.infer<typeof clientId>;

export const sha256Hex = z.string().regex(/^[0-9a-f]{64}$/, 'must be 64 hexadecimal digits');
/** Milliseconds since the Unix epoch. */
export const timestamp = z.int().min(0).max(8_640_000_000_000_000);
