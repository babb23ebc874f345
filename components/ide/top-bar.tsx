import {
  Check,
  ChevronsUpDown,
  Contrast,
  LogOut,
  Monitor,
  Moon,
  PanelBottom,
  PanelLeft,
  PanelRight,
  Pencil,
  Plus,
  Search,
  Sun,
  X,
} from 'lucide-react';
import { useTheme } from 'next-themes';
import { useValue } from '../../lib/client/use-value.ts';
import { ProductMark } from '../product-mark.tsx';
import { Button, IconButton } from '../ui/button.tsx';
import { Keys } from '../ui/keys.tsx';
import { Menu, MenuChoice, MenuChoices, MenuItem, MenuLabel, MenuLine } from '../ui/menu.tsx';
import { signOut } from './commands.ts';
import { useIde } from './ide-context.ts';
import { useNarrow } from './use-narrow.ts';
import { WorkspaceMenu } from './workspace-menu.tsx';

export function TopBar() {
  const ide = useIde();
  const narrow = useNarrow();
  return (
    <header className="flex h-11 shrink-0 items-center gap-2 border-b border-line bg-background px-2 sm:px-3">
      <ProductMark className="size-5 shrink-0" />
      {!narrow && <span className="text-ide font-semibold">Coditect</span>}
      <SessionMenu />
      <div className="flex min-w-0 flex-1 justify-center">
        <button
          type="button"
          {...(narrow ? { 'aria-label': 'Go to file' } : {})}
          onClick={() => ide.palette.set('files')}
          className="flex h-7 max-w-96 min-w-7 flex-1 items-center gap-2 rounded-md border border-line bg-surface px-2 text-faint transition-colors hover:border-line-strong max-md:flex-none"
        >
          <Search className="size-3.5 shrink-0" aria-hidden />
          {!narrow && (
            <>
              <span className="flex-1 truncate text-left">Go to file</span>
              <Keys keys="mod+p" />
            </>
          )}
        </button>
      </div>
      <WorkspaceMenu />
      {!narrow && <PaneButtons />}
      <UserMenu />
    </header>
  );
}

function PaneButtons() {
  const { client } = useIde();
  const { explorerOpen, terminalOpen, activityOpen } = useValue(client.layout);
  return (
    <div className="flex">
      <IconButton
        label="Files"
        keys="mod+b"
        aria-pressed={explorerOpen}
        onClick={() => client.arrange({ explorerOpen: !explorerOpen })}
      >
        <PanelLeft />
      </IconButton>
      <IconButton
        label="Terminals"
        keys="mod+j"
        aria-pressed={terminalOpen}
        onClick={() => client.arrange({ terminalOpen: !terminalOpen })}
      >
        <PanelBottom />
      </IconButton>
      <IconButton
        label="Activity"
        keys="mod+shift+y"
        aria-pressed={activityOpen}
        onClick={() => client.arrange({ activityOpen: !activityOpen })}
      >
        <PanelRight />
      </IconButton>
    </div>
  );
}

function SessionMenu() {
  const ide = useIde();
  const session = useValue(ide.client.session);
  const switchTo = async (sessionId: string) => {
    if (sessionId === session.sessionId) return;
    await ide.client.documents.flushJournal();
    window.location.assign(`/ide/${sessionId}`);
  };
  return (
    <Menu
      trigger={
        <Button look="quiet" size="small" className="max-w-48 min-w-0 text-ide" aria-label={`Session ${session.name}`}>
          <span className="truncate">{session.name}</span>
          <ChevronsUpDown className="text-faint" />
        </Button>
      }
    >
      <MenuLabel>Sessions</MenuLabel>
      {ide.sessions.map(({ sessionId, name }) => (
        <MenuItem key={sessionId} onSelect={() => void switchTo(sessionId)}>
          <span className="truncate">{sessionId === session.sessionId ? session.name : name}</span>
          {sessionId === session.sessionId && <Check className="ml-auto" aria-label="This one" />}
        </MenuItem>
      ))}
      <MenuLine />
      <MenuItem onSelect={() => ide.dialog.set({ kind: 'new_session' })}>
        <Plus />
        New session…
      </MenuItem>
      <MenuItem onSelect={() => ide.dialog.set({ kind: 'rename_session' })}>
        <Pencil />
        Rename this session…
      </MenuItem>
      <MenuItem danger onSelect={() => ide.dialog.set({ kind: 'end_session' })}>
        <X />
        End this session…
      </MenuItem>
    </Menu>
  );
}

function UserMenu() {
  const ide = useIde();
  const { user } = ide;
  const { theme, setTheme } = useTheme();
  return (
    <Menu
      align="end"
      trigger={
        <button
          type="button"
          aria-label={`${initials(user.name)}, ${user.name}: theme and sign out`}
          className="flex size-7 shrink-0 items-center justify-center rounded-full bg-accent-soft text-small font-semibold text-accent"
        >
          {initials(user.name)}
        </button>
      }
    >
      <div className="px-2 py-1.5">
        <p className="truncate font-medium">{user.name}</p>
        <p className="truncate text-small text-faint">{user.email}</p>
      </div>
      <MenuLine />
      <MenuLabel>Theme</MenuLabel>
      <MenuChoices value={theme ?? 'system'} onValueChange={setTheme}>
        <MenuChoice value="system">
          <Monitor />
          System
        </MenuChoice>
        <MenuChoice value="light">
          <Sun />
          Light
        </MenuChoice>
        <MenuChoice value="dark">
          <Moon />
          Dark
        </MenuChoice>
        <MenuChoice value="contrast">
          <Contrast />
          High contrast
        </MenuChoice>
      </MenuChoices>
      <MenuLine />
      <MenuItem onSelect={() => signOut(ide)}>
        <LogOut />
        Sign out
      </MenuItem>
    </Menu>
  );
}

function initials(name: string): string {
  const words = name.trim().split(/\s+/);
  const letters = [words[0], words.length > 1 ? words.at(-1) : ''].map((word) => [...(word ?? '')][0] ?? '');
  return letters.join('').toUpperCase();
}
