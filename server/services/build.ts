import { CoditectError } from '../../lib/contracts/errors.ts';
import type { UserId, WorkspaceId } from '../../lib/contracts/ids.ts';
import type { WorkspaceRole } from '../../lib/contracts/protocol/workspace.ts';
import { keyspace } from '../store/keyspace.ts';
import { Accounts } from './accounts.ts';
import type { Presence, ServiceContext, WorkspaceLinks } from './context.ts';
import { Files } from './files.ts';
import { makePasswords } from './passwords.ts';
import { RevocationFollower } from './revocations.ts';
import { Sessions } from './sessions.ts';
import { Terminals } from './terminals.ts';
import { openTokens } from './tokens.ts';
import type { OpPlace } from './trail/ops.ts';
import { Trail } from './trail/trail.ts';
import { Workspaces } from './workspaces.ts';

interface Options {
  context: ServiceContext;
  secretKey: string;
  setupCode: string | null;
  presence: Presence;
  place(workspaceId: WorkspaceId, userId: UserId): { podNamespace: string; podName: string };
}

/** Builds the services in the order of their dependencies. Files come apart: they need the gateway's links. */
export async function buildServices({ context, secretKey, setupCode, presence, place }: Options) {
  const tokens = await openTokens(context, secretKey);
  const revocations = await RevocationFollower.open(context);
  const workspaces = new Workspaces(context);
  const sessions = new Sessions({ context, presence, place });
  const trail = new Trail(context);
  const terminals = new Terminals(context);
  const accounts = new Accounts({ context, tokens, passwords: makePasswords(), workspaces, sessions, setupCode });
  return {
    tokens,
    revocations,
    workspaces,
    sessions,
    trail,
    terminals,
    accounts,
    files: (links: WorkspaceLinks) => new Files(context, links),
    admit: (of: OpPlace, role: WorkspaceRole) => admit(context, of, role),
  };
}

/**
 * Lets a workspace process in and numbers its connection; a greater number fences the smaller.
 * @throws CoditectError `unauthenticated` for a workspace that is gone.
 */
async function admit(
  context: ServiceContext,
  { tenantId, workspaceId }: OpPlace,
  role: WorkspaceRole,
): Promise<number> {
  return context.store.transact(async (transaction) => {
    const stored = await keyspace.workspace.get(transaction, tenantId, workspaceId);
    if (!stored) throw new CoditectError('unauthenticated', 'There is no such workspace.');
    // Running twice only skips a number.
    const connection = ((await keyspace.connection.get(transaction, tenantId, workspaceId, role)) ?? 0) + 1;
    keyspace.connection.set(transaction, connection, tenantId, workspaceId, role);
    return connection;
  });
}
