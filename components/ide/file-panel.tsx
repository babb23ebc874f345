import { FilePlus2, Files, FolderPlus, RefreshCw } from 'lucide-react';
import { useValue } from '../../lib/client/use-value.ts';
import { rootPath } from '../../lib/contracts/path.ts';
import { Button, IconButton } from '../ui/button.tsx';
import { EmptyState } from '../ui/empty-state.tsx';
import { Skeleton } from '../ui/skeleton.tsx';
import { folderInFocus } from './commands.ts';
import { FileTreeView } from './file-tree-view.tsx';
import { useIde } from './ide-context.ts';
import { PaneHeader } from './pane-header.tsx';

export function FilePanel() {
  const ide = useIde();
  const { tree } = ide.client;
  return (
    <section aria-label="Files" data-pane="files" className="flex h-full flex-col bg-surface" data-testid="files">
      <PaneHeader title="Files">
        <IconButton label="New file" onClick={() => ide.dialog.set({ kind: 'new_file', folder: folderInFocus(ide) })}>
          <FilePlus2 />
        </IconButton>
        <IconButton
          label="New folder"
          onClick={() => ide.dialog.set({ kind: 'new_folder', folder: folderInFocus(ide) })}
        >
          <FolderPlus />
        </IconButton>
        <IconButton label="Read the files again" onClick={() => tree.refresh()}>
          <RefreshCw />
        </IconButton>
      </PaneHeader>
      <div className="min-h-0 flex-1">
        <FileTreeState />
      </div>
    </section>
  );
}

function FileTreeState() {
  const ide = useIde();
  const { root, items } = useValue(ide.client.tree.snapshot);
  if (items.length > 0) return <FileTreeView items={items} />;
  switch (root.kind) {
    case 'unread':
    case 'reading':
      return <TreeSkeleton />;
    case 'failed':
      return (
        <EmptyState icon={<Files aria-hidden />} title="The files cannot be read">
          <p>{root.problem.detail}</p>
          <Button size="small" onClick={() => void ide.client.tree.readFolder(rootPath)}>
            Try again
          </Button>
        </EmptyState>
      );
    case 'read':
      return (
        <EmptyState icon={<Files aria-hidden />} title="No files yet">
          <p>Make one here, or clone a repository in the terminal.</p>
          <Button size="small" data-start onClick={() => ide.dialog.set({ kind: 'new_file', folder: rootPath })}>
            New file
          </Button>
        </EmptyState>
      );
  }
}

function TreeSkeleton() {
  return (
    <div role="status" aria-label="Reading the files" className="flex flex-col gap-2.5 p-3">
      <Skeleton className="h-3.5 w-24" />
      <Skeleton className="h-3.5 w-32" />
      <Skeleton className="h-3.5 w-20" />
      <Skeleton className="h-3.5 w-28" />
    </div>
  );
}
