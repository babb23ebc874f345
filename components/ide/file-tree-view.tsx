import { ChevronRight, FilePlus2, FolderPlus, History, LoaderCircle, Pencil, Trash2 } from 'lucide-react';
import { type KeyboardEvent, useEffect, useRef, useState } from 'react';
import { type NodeApi, type NodeRendererProps, Tree, type TreeApi } from 'react-arborist';
import { segmentOf } from '../../lib/client/paths.ts';
import type { TreeItem } from '../../lib/client/tree.ts';
import { useValue } from '../../lib/client/use-value.ts';
import { joinPath, rootPath, type WirePath } from '../../lib/contracts/path.ts';
import { classNames } from '../ui/class-names.ts';
import { ContextMenuArea, ContextMenuItem, ContextMenuLine } from '../ui/menu.tsx';
import { attempt, folderInFocus } from './commands.ts';
import { FileIcon } from './file-icon.tsx';
import { useIde } from './ide-context.ts';
import { useSize } from './use-size.ts';

export function FileTreeView({ items }: { items: TreeItem[] }) {
  const ide = useIde();
  const { client } = ide;
  const { ref, height } = useSize<HTMLDivElement>();
  const tree = useRef<TreeApi<TreeItem>>(undefined);
  const active = useValue(client.documents.tabs).active?.path;
  const [initialOpen] = useState(() =>
    Object.fromEntries(client.layout.get().expandedFolders.map((path) => [path, true])),
  );
  useExpandedFolders(items, initialOpen);

  const toggled = (id: string) => {
    const path = id as WirePath;
    const isOpen = tree.current?.isOpen(id) ?? false;
    client.arrange({ expandedFolders: withFolder(client.layout.get().expandedFolders, path, isOpen) });
    if (isOpen) void client.tree.readFolder(path);
  };
  const move = ({ dragIds, parentId }: { dragIds: string[]; parentId: string | null }) =>
    attempt('It could not be moved', async () => {
      for (const id of dragIds) {
        const to = joinPath((parentId ?? rootPath) as WirePath, segmentOf(id as WirePath));
        if (to !== id) await client.tree.move(id as WirePath, to);
      }
    });

  return (
    <ContextMenuArea content={<TreeMenu />}>
      {/* biome-ignore lint/a11y/noStaticElementInteractions: the tree inside has the role; these are its further keys. */}
      <div ref={ref} className="h-full overflow-hidden" onKeyDown={(event) => treeKey(event, tree.current, ide)}>
        <Tree<TreeItem>
          ref={tree}
          aria-label="Files"
          data={items}
          idAccessor="path"
          childrenAccessor="children"
          initialOpenState={initialOpen}
          openByDefault={false}
          disableEdit
          disableMultiSelection
          width="100%"
          height={height}
          rowHeight={24}
          indent={12}
          padding={4}
          className="!overflow-x-hidden"
          rowClassName="group outline-none"
          onToggle={toggled}
          onMove={move}
          onActivate={(node) => node.isLeaf && ide.open(node.data.path)}
          onSelect={(nodes) => ide.treeSelection.set(nodes[0]?.data ?? null)}
          onFocus={(node) => ide.treeSelection.set(node.data)}
          {...(active === undefined ? {} : { selection: active })}
        >
          {TreeRow}
        </Tree>
      </div>
    </ContextMenuArea>
  );
}

/** Folders that were open before are read as soon as they are seen. */
function useExpandedFolders(items: TreeItem[], open: Record<string, boolean>): void {
  const { client } = useIde();
  const asked = useRef(new Set<string>());
  useEffect(() => {
    const visit = (children: TreeItem[]) => {
      for (const item of children) {
        if (!open[item.path] || item.children === null) continue;
        if (item.folder.kind === 'unread' && !asked.current.has(item.path)) {
          asked.current.add(item.path);
          void client.tree.readFolder(item.path);
        }
        visit(item.children);
      }
    };
    visit(items);
  }, [items, open, client]);
}

function withFolder(folders: readonly WirePath[], path: WirePath, isOpen: boolean): WirePath[] {
  const others = folders.filter((folder) => folder !== path);
  return isOpen ? [...others, path] : others;
}

function treeKey(event: KeyboardEvent, tree: TreeApi<TreeItem> | undefined, ide: ReturnType<typeof useIde>): void {
  const node = tree?.focusedNode;
  if (!node) return;
  const { path, type } = node.data;
  if (event.key === 'Enter') {
    if (node.isLeaf) ide.open(path);
    else node.toggle();
  } else if (event.key === 'F2') ide.dialog.set({ kind: 'rename', path });
  else if (event.key === 'Delete') ide.dialog.set({ kind: 'delete', path, type });
  else return;
  event.preventDefault();
  event.stopPropagation();
}

function TreeRow({ node, style, dragHandle }: NodeRendererProps<TreeItem>) {
  const ide = useIde();
  const { name, type, folder, linkTarget, path } = node.data;
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions lint/a11y/useKeyWithClickEvents: the row around it has the role and the keys.
    <div
      ref={dragHandle}
      style={style}
      data-testid="tree-item"
      data-path={path}
      title={linkTarget === null ? undefined : `${name} → ${linkTarget}`}
      onContextMenu={() => ide.treeSelection.set(node.data)}
      onClick={() => node.isInternal && node.toggle()}
      className={classNames(
        'mx-1 flex h-6 cursor-default items-center gap-1.5 rounded pr-2 text-muted hover:bg-hover',
        node.isSelected && 'bg-selected text-text hover:bg-selected',
        node.isFocused &&
          'in-focus-visible:outline-2 in-focus-visible:-outline-offset-1 in-focus-visible:outline-focus',
        node.willReceiveDrop && 'bg-accent-soft',
      )}
    >
      <Twisty node={node} />
      <FileIcon name={name} type={type} open={node.isOpen} />
      <span className={classNames('truncate', type === 'directory' && 'text-text')}>{name}</span>
      {folder.kind === 'reading' && (
        <LoaderCircle className="ml-auto size-3 animate-spin text-faint" aria-label="Reading" />
      )}
      {folder.kind === 'failed' && (
        <span className="ml-auto truncate text-small text-danger">{folder.problem.detail}</span>
      )}
      {folder.kind === 'read' && !folder.complete && <span className="ml-auto text-small text-faint">first ones</span>}
    </div>
  );
}

function Twisty({ node }: { node: NodeApi<TreeItem> }) {
  if (!node.isInternal) return <span className="w-3.5 shrink-0" />;
  return (
    <ChevronRight
      aria-hidden
      className={classNames('size-3.5 shrink-0 text-faint transition-transform', node.isOpen && 'rotate-90')}
    />
  );
}

/** Acts on what the tree stands on. */
function TreeMenu() {
  const ide = useIde();
  const selection = useValue(ide.treeSelection);
  const folder = folderInFocus(ide);
  return (
    <>
      <ContextMenuItem onSelect={() => ide.dialog.set({ kind: 'new_file', folder })}>
        <FilePlus2 />
        New file…
      </ContextMenuItem>
      <ContextMenuItem onSelect={() => ide.dialog.set({ kind: 'new_folder', folder })}>
        <FolderPlus />
        New folder…
      </ContextMenuItem>
      {selection && (
        <>
          <ContextMenuLine />
          <ContextMenuItem
            onSelect={() => {
              ide.activityPath.set(selection.path);
              ide.show('activity');
            }}
          >
            <History />
            Show its history
          </ContextMenuItem>
          <ContextMenuItem keys="F2" onSelect={() => ide.dialog.set({ kind: 'rename', path: selection.path })}>
            <Pencil />
            Rename…
          </ContextMenuItem>
          <ContextMenuItem
            danger
            keys="Del"
            onSelect={() => ide.dialog.set({ kind: 'delete', path: selection.path, type: selection.type })}
          >
            <Trash2 />
            Delete…
          </ContextMenuItem>
        </>
      )}
    </>
  );
}
