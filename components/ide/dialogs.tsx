import type { ReactNode } from 'react';
import { useValue } from '../../lib/client/use-value.ts';
import { baseName, displayPath, type WirePath, wireEntryPath } from '../../lib/contracts/path.ts';
import { Button } from '../ui/button.tsx';
import { Dialog, DialogFooter } from '../ui/dialog.tsx';
import { attempt } from './commands.ts';
import { type DialogRequest, type Ide, useIde } from './ide-context.ts';
import { NameDialog } from './name-dialog.tsx';
import { StaleWriteDialog } from './stale-write-dialog.tsx';

/** The one question that is open, if any. */
export function Dialogs() {
  const ide = useIde();
  const request = useValue(ide.dialog);
  if (!request) return null;
  return <OpenDialog request={request} onClose={() => ide.dialog.set(null)} />;
}

function OpenDialog({ request, onClose }: { request: DialogRequest; onClose: () => void }) {
  const ide = useIde();
  switch (request.kind) {
    case 'stale':
      return <StaleWriteDialog document={request.document} onClose={onClose} />;
    case 'new_file':
    case 'new_folder':
    case 'rename':
      return <PathDialog request={request} onClose={onClose} />;
    case 'new_session':
    case 'rename_session':
      return <SessionNameDialog kind={request.kind} onClose={onClose} />;
    case 'close_unsaved':
      return <CloseDialog request={request} onClose={onClose} />;
    default:
      return <ConfirmDialog {...confirmation(ide, request)} onClose={onClose} />;
  }
}

const pathTitles = { new_file: 'New file', new_folder: 'New folder', rename: 'Rename or move' };

function PathDialog({
  request,
  onClose,
}: {
  request: Extract<DialogRequest, { kind: 'new_file' | 'new_folder' | 'rename' }>;
  onClose: () => void;
}) {
  const ide = useIde();
  const { tree } = ide.client;
  const before = request.kind === 'rename' ? request.path : request.folder === '' ? '' : `${request.folder}/`;
  const submit = async (typed: string) => {
    const path = wireEntryPath.parse(typed);
    if (request.kind === 'new_folder') await tree.createFolder(path);
    else if (request.kind === 'new_file') {
      await tree.createFile(path);
      ide.open(path);
    } else if (path !== request.path) await tree.move(request.path, path);
    return undefined;
  };
  const check = (typed: string) => {
    const checked = wireEntryPath.safeParse(typed);
    return checked.success ? undefined : `The path ${checked.error.issues[0]?.message ?? 'is not valid'}.`;
  };
  return (
    <NameDialog
      title={pathTitles[request.kind]}
      label="Path in the workspace"
      initial={before}
      selectFrom={before.lastIndexOf('/') + 1}
      action={request.kind === 'rename' ? 'Rename' : 'Create'}
      mono
      check={check}
      submit={submit}
      onClose={onClose}
    />
  );
}

function SessionNameDialog({ kind, onClose }: { kind: 'new_session' | 'rename_session'; onClose: () => void }) {
  const ide = useIde();
  const { client } = ide;
  const create = async (name: string) => {
    const reply = await ide.actions.createSession({ workspaceId: client.workspace.get().workspaceId, name });
    if (!reply.ok) return reply.problem.detail;
    await client.documents.flushJournal();
    window.location.assign(`/ide/${reply.result.sessionId}`);
    return undefined;
  };
  const rename = async (name: string) => {
    await client.renameSession(name);
    return undefined;
  };
  const isNew = kind === 'new_session';
  return (
    <NameDialog
      title={isNew ? 'New session' : 'Rename session'}
      description={
        isNew ? 'A session has its own open files, layout and terminals, over the same workspace.' : undefined
      }
      label="Name"
      initial={isNew ? `Session ${ide.sessions.length + 1}` : client.session.get().name}
      selectFrom={0}
      action={isNew ? 'Create' : 'Rename'}
      check={(name) => (name.trim() === '' ? 'The name must not be empty.' : undefined)}
      submit={isNew ? create : rename}
      onClose={onClose}
    />
  );
}

function CloseDialog({
  request: { document },
  onClose,
}: {
  request: Extract<DialogRequest, { kind: 'close_unsaved' }>;
  onClose: () => void;
}) {
  const { client } = useIde();
  const discard = () => {
    onClose();
    void client.documents.close(document);
  };
  const save = async () => {
    onClose();
    await document.save();
    if (!document.dirty) await client.documents.close(document);
  };
  return (
    <Dialog
      open
      onClose={onClose}
      title={`Save ${baseName(document.path)} before closing?`}
      description="Without saving, what you typed since the last save is thrown away."
    >
      <DialogFooter>
        <Button onClick={onClose}>Cancel</Button>
        <Button look="danger" onClick={discard}>
          Throw away
        </Button>
        <Button look="primary" onClick={() => void save()}>
          Save and close
        </Button>
      </DialogFooter>
    </Dialog>
  );
}

interface Confirmation {
  title: string;
  text: ReactNode;
  action: string;
  run: () => void;
}

function ConfirmDialog({ title, text, action, run, onClose }: Confirmation & { onClose: () => void }) {
  return (
    <Dialog open onClose={onClose} title={title} description={text}>
      <DialogFooter>
        <Button onClick={onClose}>Cancel</Button>
        <Button
          look="danger"
          onClick={() => {
            onClose();
            run();
          }}
        >
          {action}
        </Button>
      </DialogFooter>
    </Dialog>
  );
}

function confirmation(
  ide: Ide,
  request: Extract<DialogRequest, { kind: 'delete' | 'end_session' | 'stop_workspace' }>,
): Confirmation {
  const { client } = ide;
  switch (request.kind) {
    case 'delete':
      return {
        title: `Delete ${baseName(request.path)}?`,
        text: deletionText(request.path, request.type === 'directory'),
        action: 'Delete',
        run: () => attempt('It could not be deleted', () => client.tree.remove(request.path)),
      };
    case 'end_session':
      return {
        title: `End “${client.session.get().name}”?`,
        text: 'Its terminals and what runs in them are ended. The files of the workspace stay.',
        action: 'End session',
        run: () =>
          attempt('The session could not be ended', async () => {
            await ide.actions.endSession(client.session.get().sessionId);
            window.location.assign('/ide');
          }),
      };
    case 'stop_workspace':
      return {
        title: 'Stop the workspace?',
        text: 'Everything running in it ends, in all sessions. Your files are kept.',
        action: 'Stop',
        run: () => attempt('The workspace could not be stopped', () => client.stopWorkspace()),
      };
  }
}

function deletionText(path: WirePath, isFolder: boolean): string {
  const what = isFolder ? `${displayPath(path)} and everything in it` : displayPath(path);
  return `${what} will be gone from the disk. That it was there stays in the trail; its content is not kept.`;
}
