import { toast } from 'sonner';
import { toProblem } from '../../lib/contracts/errors.ts';
import { parentPath, rootPath, type WirePath } from '../../lib/contracts/path.ts';
import type { Ide } from './ide-context.ts';

export interface Command {
  id: string;
  title: string;
  group: 'File' | 'View' | 'Terminal' | 'Session' | 'Workspace' | 'Theme';
  /** e.g. `mod+shift+p`, where `mod` is Ctrl, or Command on a Mac. */
  keys?: string;
  run(): void;
}

/** Does something and, when it fails, says why. */
export function attempt(what: string, work: () => Promise<unknown>): void {
  work().catch((error: unknown) => toast.error(what, { description: toProblem(error).detail }));
}

/** Every action of the IDE by name: the palette lists them, the keyboard reaches them, menus and buttons run them. */
export function ideCommands(ide: Ide, setTheme: (theme: string) => void): Command[] {
  return [
    ...fileCommands(ide),
    ...viewCommands(ide),
    ...terminalCommands(ide),
    ...sessionCommands(ide),
    ...themeCommands(setTheme),
  ];
}

/** Where a new file or folder goes: into the folder that the tree stands on, or beside the file. */
export function folderInFocus(ide: Ide): WirePath {
  const selection = ide.treeSelection.get();
  if (!selection) return rootPath;
  return selection.type === 'directory' ? selection.path : (parentPath(selection.path) ?? rootPath);
}

function fileCommands(ide: Ide): Command[] {
  const { documents } = ide.client;
  const active = () => documents.tabs.get().active;
  return [
    { id: 'file.open', title: 'Go to file…', group: 'File', keys: 'mod+p', run: () => ide.palette.set('files') },
    {
      id: 'file.new',
      title: 'New file…',
      group: 'File',
      run: () => ide.dialog.set({ kind: 'new_file', folder: folderInFocus(ide) }),
    },
    {
      id: 'folder.new',
      title: 'New folder…',
      group: 'File',
      run: () => ide.dialog.set({ kind: 'new_folder', folder: folderInFocus(ide) }),
    },
    { id: 'file.save', title: 'Save', group: 'File', keys: 'mod+s', run: () => void active()?.save() },
    { id: 'file.save_all', title: 'Save all', group: 'File', keys: 'mod+shift+s', run: () => void documents.saveAll() },
    {
      id: 'file.close',
      title: 'Close tab',
      group: 'File',
      keys: 'alt+w',
      run: () => {
        const document = active();
        if (document) ide.close(document);
      },
    },
    { id: 'file.next', title: 'Next tab', group: 'File', keys: 'alt+pagedown', run: () => step(ide, 1) },
    { id: 'file.previous', title: 'Previous tab', group: 'File', keys: 'alt+pageup', run: () => step(ide, -1) },
    {
      id: 'file.history',
      title: 'Show the history of this file',
      group: 'File',
      run: () => {
        const document = active();
        if (!document) return;
        ide.activityPath.set(document.path);
        ide.show('activity');
      },
    },
  ];
}

function step(ide: Ide, by: 1 | -1): void {
  const { order, active } = ide.client.documents.tabs.get();
  const next = active && order[(order.indexOf(active) + by + order.length) % order.length];
  if (next) ide.client.documents.activate(next);
}

function viewCommands(ide: Ide): Command[] {
  const { client } = ide;
  const toggle = (name: 'explorerOpen' | 'terminalOpen' | 'activityOpen') => () =>
    client.arrange({ [name]: !client.layout.get()[name] });
  return [
    {
      id: 'view.palette',
      title: 'Show all commands',
      group: 'View',
      keys: 'mod+shift+p',
      run: () => ide.palette.set('commands'),
    },
    { id: 'view.explorer', title: 'Show or hide the files', group: 'View', keys: 'mod+b', run: toggle('explorerOpen') },
    {
      id: 'view.terminal',
      title: 'Show or hide the terminals',
      group: 'View',
      keys: 'mod+j',
      run: toggle('terminalOpen'),
    },
    {
      id: 'view.activity',
      title: 'Show or hide the activity',
      group: 'View',
      keys: 'mod+shift+y',
      run: toggle('activityOpen'),
    },
    { id: 'focus.files', title: 'Go to the files', group: 'View', keys: 'alt+1', run: () => focusPane(ide, 'files') },
    {
      id: 'focus.editor',
      title: 'Go to the editor',
      group: 'View',
      keys: 'alt+2',
      run: () => focusPane(ide, 'editor'),
    },
    {
      id: 'focus.terminal',
      title: 'Go to the terminal',
      group: 'View',
      keys: 'alt+3',
      run: () => focusPane(ide, 'terminal'),
    },
    {
      id: 'focus.activity',
      title: 'Go to the activity',
      group: 'View',
      keys: 'alt+4',
      run: () => focusPane(ide, 'activity'),
    },
  ];
}

/** Puts the keyboard into a pane: on what it marks as its place to start. */
export function focusPane(ide: Ide, pane: 'files' | 'editor' | 'terminal' | 'activity'): void {
  ide.show(pane);
  requestAnimationFrame(() => {
    const start =
      '[role=tree], .monaco-editor textarea, .monaco-editor .native-edit-context, .xterm-helper-textarea, [data-start]';
    const candidates = document.querySelectorAll<HTMLElement>(`[data-pane="${pane}"] :is(${start})`);
    [...candidates].find((element) => element.closest('[hidden]') === null)?.focus();
  });
}

function terminalCommands(ide: Ide): Command[] {
  return [
    {
      id: 'terminal.new',
      title: 'New terminal',
      group: 'Terminal',
      keys: 'ctrl+shift+`',
      run: () => openTerminal(ide),
    },
    {
      id: 'terminal.close',
      title: 'Close this terminal',
      group: 'Terminal',
      run: () => {
        const { active } = ide.client.terminals.tabs.get();
        if (active) attempt('The terminal could not be closed', () => ide.client.terminals.close(active));
      },
    },
  ];
}

export function openTerminal(ide: Ide): void {
  ide.show('terminal');
  attempt('The terminal could not be opened', async () => {
    await ide.client.terminals.open(ide.terminalRoom);
    focusPane(ide, 'terminal');
  });
}

function sessionCommands(ide: Ide): Command[] {
  const { client } = ide;
  return [
    { id: 'session.new', title: 'New session…', group: 'Session', run: () => ide.dialog.set({ kind: 'new_session' }) },
    {
      id: 'session.rename',
      title: 'Rename this session…',
      group: 'Session',
      run: () => ide.dialog.set({ kind: 'rename_session' }),
    },
    {
      id: 'session.end',
      title: 'End this session…',
      group: 'Session',
      run: () => ide.dialog.set({ kind: 'end_session' }),
    },
    {
      id: 'workspace.start',
      title: 'Start the workspace',
      group: 'Workspace',
      run: () => attempt('The workspace could not be started', () => client.startWorkspace()),
    },
    {
      id: 'workspace.stop',
      title: 'Stop the workspace…',
      group: 'Workspace',
      run: () => ide.dialog.set({ kind: 'stop_workspace' }),
    },
    { id: 'user.sign_out', title: 'Sign out', group: 'Session', run: () => signOut(ide) },
  ];
}

function themeCommands(setTheme: (theme: string) => void): Command[] {
  const themes = { system: 'Follow the system', light: 'Light', dark: 'Dark', contrast: 'High contrast' };
  return Object.entries(themes).map(([theme, title]) => ({
    id: `theme.${theme}`,
    title: `Theme: ${title}`,
    group: 'Theme',
    run: () => setTheme(theme),
  }));
}

/** Ends the login and leaves; the journal keeps unsaved text, which goes there first. */
export function signOut(ide: Ide): void {
  attempt('Signing out failed', async () => {
    await ide.client.documents.flushJournal();
    await ide.actions.signOut();
    window.location.assign('/login');
  });
}
