import { createContext, useContext } from 'react';
import type { Document } from '../../lib/client/document.ts';
import type { IdeClient } from '../../lib/client/ide-client.ts';
import { Observable } from '../../lib/client/observable.ts';
import type { SessionId, WorkspaceId } from '../../lib/contracts/ids.ts';
import type { WirePath } from '../../lib/contracts/path.ts';
import type { Reply } from '../../lib/contracts/protocol/method.ts';
import type { Session, User } from '../../lib/contracts/records.ts';
import type { FileType } from '../../lib/contracts/trail.ts';

/** What the page may ask of the server outside the socket. */
export interface IdeActions {
  createSession(input: { workspaceId: WorkspaceId; name: string }): Promise<Reply<{ sessionId: SessionId }>>;
  endSession(sessionId: SessionId): Promise<Reply<null>>;
  signOut(): Promise<void>;
}

/** A question to the person, one at a time. */
export type DialogRequest =
  | { kind: 'new_file'; folder: WirePath }
  | { kind: 'new_folder'; folder: WirePath }
  | { kind: 'rename'; path: WirePath }
  | { kind: 'delete'; path: WirePath; type: FileType }
  | { kind: 'close_unsaved'; document: Document }
  | { kind: 'stale'; document: Document }
  | { kind: 'new_session' }
  | { kind: 'rename_session' }
  | { kind: 'end_session' }
  | { kind: 'stop_workspace' };

export interface EditorStatus {
  line: number;
  column: number;
  selected: number;
  language: string;
  lineEnding: 'LF' | 'CRLF';
}

/** On a narrow screen one of these is shown at a time. */
export type PaneName = 'files' | 'editor' | 'terminal' | 'activity';

/** Everything the parts of the IDE page share. */
export class Ide {
  readonly client: IdeClient;
  readonly user: User;
  readonly sessions: readonly Session[];
  readonly actions: IdeActions;
  readonly dialog = new Observable<DialogRequest | null>(null);
  readonly palette = new Observable<'commands' | 'files' | null>(null);
  readonly pane = new Observable<PaneName>('editor');
  readonly editorStatus = new Observable<EditorStatus | null>(null);
  /** The path whose entries alone the activity panel shows. */
  readonly activityPath = new Observable<WirePath | null>(null);
  /** The folder or file that the tree stands on. */
  readonly treeSelection = new Observable<{ path: WirePath; type: FileType } | null>(null);
  /** How large a new terminal would be; known once the panel was measured. */
  terminalRoom = { columns: 80, rows: 24 };

  constructor(options: { client: IdeClient; user: User; sessions: readonly Session[]; actions: IdeActions }) {
    this.client = options.client;
    this.user = options.user;
    this.sessions = options.sessions;
    this.actions = options.actions;
  }

  /** Shows a pane wherever it is: opened when it was closed, switched to on a narrow screen. */
  show(pane: PaneName): void {
    this.pane.set(pane);
    if (pane === 'files') this.client.arrange({ explorerOpen: true });
    if (pane === 'terminal') this.client.arrange({ terminalOpen: true });
    if (pane === 'activity') this.client.arrange({ activityOpen: true });
  }

  open(path: WirePath): void {
    this.client.documents.open(path);
    this.pane.set('editor');
  }

  /** Closes a tab, after a question when something in it is unsaved. */
  close(document: Document): void {
    if (document.dirty) this.dialog.set({ kind: 'close_unsaved', document });
    else void this.client.documents.close(document);
  }
}

const IdeContext = createContext<Ide | null>(null);

export const IdeProvider = IdeContext.Provider;

/** @throws Error outside the IDE page. */
export function useIde(): Ide {
  const ide = useContext(IdeContext);
  if (!ide) throw new Error('This part belongs inside the IDE page.');
  return ide;
}
