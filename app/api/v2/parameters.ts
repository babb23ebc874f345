import { z } from 'zod';
import { parse } from '../../../lib/contracts/errors.ts';
import { sessionId, workspaceId } from '../../../lib/contracts/ids.ts';
import { wireEntryPath, wirePath } from '../../../lib/contracts/path.ts';

/** What the routes below take from their address. */
export type WorkspaceParams = { workspaceId: string };
export type SessionParams = { sessionId: string };

export const workspaceOf = (params: WorkspaceParams) => parse(z.object({ workspaceId }), params).workspaceId;
export const sessionOf = (params: SessionParams) => parse(z.object({ sessionId }), params).sessionId;
export const folderQuery = z.object({ path: wirePath.default(wirePath.parse('')), after: wirePath.optional() });
export const fileQuery = z.object({ path: wireEntryPath, recursive: z.enum(['true', 'false']).default('false') });
