import { useTheme } from 'next-themes';
import { useEffect, useMemo } from 'react';
import { type Command, ideCommands } from './commands.ts';
import { useIde } from './ide-context.ts';

export function useCommands(): Command[] {
  const ide = useIde();
  const { setTheme } = useTheme();
  return useMemo(() => ideCommands(ide, setTheme), [ide, setTheme]);
}

/** Runs commands by their keys, wherever the focus is. */
export function useShortcuts(): void {
  const commands = useCommands();
  useEffect(() => {
    const pressed = (event: KeyboardEvent) => {
      const command = commands.find(({ keys }) => keys !== undefined && isPressed(keys, event));
      if (!command || belongsToTerminal(event)) return;
      event.preventDefault();
      event.stopPropagation();
      command.run();
    };
    // Before Monaco and xterm, which take keys for themselves.
    window.addEventListener('keydown', pressed, { capture: true });
    return () => window.removeEventListener('keydown', pressed, { capture: true });
  }, [commands]);
}

const isMac = /Mac|iPhone|iPad/.test(navigator.platform);
/** Keys named by their place, because a modifier changes what they type. */
const codes: Record<string, string> = { Backquote: '`', Digit1: '1', Digit2: '2', Digit3: '3', Digit4: '4' };

function isPressed(keys: string, event: KeyboardEvent): boolean {
  const parts = keys.split('+');
  const wanted = parts.at(-1) ?? '';
  const name =
    codes[event.code] ?? (/^Key[A-Z]$/.test(event.code) ? event.code.slice(3).toLowerCase() : event.key.toLowerCase());
  const mod = parts.includes('mod');
  const ctrl = parts.includes('ctrl') || (mod && !isMac);
  return (
    name === wanted &&
    event.ctrlKey === ctrl &&
    event.metaKey === (mod && isMac) &&
    event.shiftKey === parts.includes('shift') &&
    event.altKey === parts.includes('alt')
  );
}

/** Ctrl with a letter is the shell's (Ctrl-P, Ctrl-B, Ctrl-S …) while a terminal has the focus. */
function belongsToTerminal(event: KeyboardEvent): boolean {
  const inTerminal = event.target instanceof Element && event.target.closest('.xterm') !== null;
  return inTerminal && event.ctrlKey && !event.shiftKey && !event.altKey && !event.metaKey;
}
