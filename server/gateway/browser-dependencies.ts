import type { Accounts } from '../services/accounts.ts';
import type { ServiceContext } from '../services/context.ts';
import type { Files } from '../services/files.ts';
import type { RevocationFollower } from '../services/revocations.ts';
import type { Sessions } from '../services/sessions.ts';
import type { Terminals } from '../services/terminals.ts';
import type { Trail } from '../services/trail/trail.ts';
import type { Workspaces } from '../services/workspaces.ts';
import type { SessionPresence } from './session-presence.ts';
import type { WorkspaceSide } from './workspace-side.ts';

/** What the browsers' side of the gateway works with. */
export interface BrowserDependencies {
  context: ServiceContext;
  accounts: Accounts;
  sessions: Sessions;
  workspaces: Workspaces;
  files: Files;
  trail: Trail;
  terminals: Terminals;
  revocations: RevocationFollower;
  workspaceSide: WorkspaceSide;
  presence: SessionPresence;
  /** The login token in a Cookie header, if there is one. */
  cookieToken(header: string | undefined): string | undefined;
  originAllowed(request: { origin: string | undefined; host: string | undefined }): boolean;
  version: string;
}
