import type { SessionId, WorkspaceId } from '../ids.ts';
import type { fileMethods } from '../protocol/files.ts';
import type { ParamsOf, ResultOf } from '../protocol/method.ts';
import type { Caller } from './accounts.ts';

type FileMethods = typeof fileMethods;
export type FileMethodName = keyof FileMethods;

/** Whose files, and from where the change is asked: it stands in the trail. */
export interface FileScope {
  workspaceId: WorkspaceId;
  origin: { kind: 'editor'; sessionId: SessionId } | { kind: 'api'; sessionId: null };
}

export interface FileService {
  /**
   * One file method of the wire table, carried out in the workspace. A method that changes something is stored as an
   * op before it is relayed, so that the trail says who asked for it.
   * @throws CoditectError `not_found` for another's workspace; `workspace_unavailable`; what the host answers.
   */
  call<Name extends FileMethodName>(
    caller: Caller,
    scope: FileScope,
    request: { method: Name; params: ParamsOf<FileMethods[Name]> },
  ): Promise<ResultOf<FileMethods[Name]>>;
}
