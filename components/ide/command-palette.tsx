import { Command as Cmdk } from 'cmdk';
import { useEffect, useState } from 'react';
import { useValue } from '../../lib/client/use-value.ts';
import { baseName, displayPath, parentPath, rootPath, type WirePath } from '../../lib/contracts/path.ts';
import type { FileEntry } from '../../lib/contracts/protocol/files.ts';
import { Keys } from '../ui/keys.tsx';
import { FileIcon } from './file-icon.tsx';
import { useIde } from './ide-context.ts';
import { useCommands } from './use-commands.ts';

const row =
  'flex h-8 items-center gap-2 rounded px-2 text-ide data-[selected=true]:bg-selected data-[selected=true]:text-text';

/** Every command and every file, by a few letters. */
export function CommandPalette() {
  const ide = useIde();
  const mode = useValue(ide.palette);
  const close = () => ide.palette.set(null);
  return (
    <Cmdk.Dialog
      open={mode !== null}
      onOpenChange={(open) => !open && close()}
      label={mode === 'files' ? 'Go to file' : 'Commands'}
      overlayClassName="fixed inset-0 z-40 bg-black/30"
      contentClassName="fixed top-[10vh] left-1/2 z-50 w-[min(600px,calc(100vw-16px))] -translate-x-1/2 animate-appear overflow-hidden rounded-lg border border-line-strong bg-raised text-ide shadow-raised"
    >
      {mode === 'files' ? <FileChoices onDone={close} /> : <CommandChoices onDone={close} />}
    </Cmdk.Dialog>
  );
}

function Search({ placeholder }: { placeholder: string }) {
  return (
    <Cmdk.Input
      placeholder={placeholder}
      className="h-11 w-full border-b border-line bg-transparent px-4 text-sm outline-none placeholder:text-faint"
    />
  );
}

function CommandChoices({ onDone }: { onDone: () => void }) {
  const commands = useCommands();
  const groups = [...new Set(commands.map(({ group }) => group))];
  return (
    <>
      <Search placeholder="Type a command" />
      <Cmdk.List className="max-h-[50vh] overflow-y-auto p-1.5 [&_[cmdk-group-heading]]:px-2 [&_[cmdk-group-heading]]:py-1 [&_[cmdk-group-heading]]:text-small [&_[cmdk-group-heading]]:text-faint">
        <Cmdk.Empty className="p-4 text-center text-muted">No command has this name.</Cmdk.Empty>
        {groups.map((group) => (
          <Cmdk.Group key={group} heading={group}>
            {commands
              .filter((command) => command.group === group && command.id !== 'view.palette')
              .map(({ id, title, keys, run }) => (
                <Cmdk.Item
                  key={id}
                  value={title}
                  keywords={[group]}
                  className={row}
                  onSelect={() => {
                    onDone();
                    run();
                  }}
                >
                  <span className="flex-1 truncate">{title}</span>
                  {keys && <Keys keys={keys} />}
                </Cmdk.Item>
              ))}
          </Cmdk.Group>
        ))}
      </Cmdk.List>
    </>
  );
}

/** Folders that are never gone through to find files: what programs make for themselves. */
const skippedFolders = new Set([
  '.git',
  'node_modules',
  '.venv',
  '__pycache__',
  'target',
  'dist',
  '.cache',
  '.coditect',
]);
const filesFoundMax = 5_000;

/** Goes through the workspace, folder by folder, nearest first; what is found so far is shown. */
function useFiles(): { files: WirePath[]; complete: boolean } {
  const { connection } = useIde().client;
  const [found, setFound] = useState<{ files: WirePath[]; complete: boolean }>({ files: [], complete: false });
  useEffect(() => {
    let ended = false;
    const walk = async () => {
      const files: WirePath[] = [];
      const folders: WirePath[] = [rootPath];
      for (let folder = folders.shift(); folder !== undefined && !ended; folder = folders.shift()) {
        const entries = await connection.request('file.list', { path: folder }).then(
          (page) => page.entries,
          (): FileEntry[] => [],
        );
        for (const { path, type } of entries) {
          if (type !== 'directory') files.push(path);
          else if (!skippedFolders.has(baseName(path))) folders.push(path);
        }
        if (!ended) setFound({ files: files.slice(0, filesFoundMax), complete: folders.length === 0 });
        if (files.length >= filesFoundMax) return;
      }
    };
    void walk();
    return () => {
      ended = true;
    };
  }, [connection]);
  return found;
}

function FileChoices({ onDone }: { onDone: () => void }) {
  const ide = useIde();
  const { files, complete } = useFiles();
  const [text, setText] = useState('');
  const wanted = text.toLowerCase().split(/\s+/).filter(Boolean);
  const shown = files.filter((path) => wanted.every((word) => path.toLowerCase().includes(word))).slice(0, 100);
  return (
    <>
      <Cmdk.Input
        placeholder="Go to file"
        value={text}
        onValueChange={setText}
        className="h-11 w-full border-b border-line bg-transparent px-4 text-sm outline-none placeholder:text-faint"
      />
      <Cmdk.List className="max-h-[50vh] overflow-y-auto p-1.5">
        {shown.length === 0 && (
          <p className="p-4 text-center text-muted">{complete ? 'No file has this name.' : 'Looking…'}</p>
        )}
        {shown.map((path) => (
          <Cmdk.Item
            key={path}
            value={path}
            keywords={wanted}
            className={row}
            onSelect={() => {
              onDone();
              ide.open(path);
            }}
          >
            <FileIcon name={baseName(path)} type="file" />
            <span className="shrink-0">{baseName(path)}</span>
            <span className="truncate text-small text-muted">{displayPath(parentPath(path) ?? rootPath)}</span>
          </Cmdk.Item>
        ))}
      </Cmdk.List>
    </>
  );
}
