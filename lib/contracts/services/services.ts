import type { AccountService } from './accounts.ts';
import type { FileService } from './files.ts';
import type { SessionService } from './sessions.ts';
import type { TrailService } from './trail.ts';
import type { WorkspaceService } from './workspaces.ts';

/** What the running server offers to pages and route handlers: all of it goes through here, nothing around it. */
export interface Services {
  accounts: AccountService;
  workspaces: WorkspaceService;
  sessions: SessionService;
  files: FileService;
  trail: TrailService;
  site: Site;
}

/** Facts about this installation that pages need. */
export interface Site {
  version: string;
  /** Whether the next account to register becomes the operator and needs the set-up code the server printed. */
  setupCodeNeeded(): Promise<boolean>;
  /** What next-auth signs its own short-lived cookies with. */
  authSecret: string;
  /** Logs an error that a route did not expect; its text never leaves the server. */
  logUnexpected(error: unknown): void;
  /** `https` makes cookies `__Host-` and Secure. */
  secureCookies: boolean;
  /** Whether a request of this Origin and Host comes from the product's own pages. */
  originAllowed(request: { origin: string | undefined; host: string | undefined }): boolean;
}
