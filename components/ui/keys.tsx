const isMac = typeof navigator !== 'undefined' && /Mac|iPhone|iPad/.test(navigator.platform);

const macSymbols: Record<string, string> = {
  mod: '⌘',
  shift: '⇧',
  alt: '⌥',
  ctrl: '⌃',
  enter: '↵',
  pagedown: '⇟',
  pageup: '⇞',
};
const names: Record<string, string> = {
  mod: 'Ctrl',
  shift: 'Shift',
  alt: 'Alt',
  ctrl: 'Ctrl',
  enter: 'Enter',
  pagedown: 'PgDn',
  pageup: 'PgUp',
};

/** A shortcut as this platform writes it. `keys` is e.g. `mod+shift+p`. */
export function shortcutText(keys: string): string {
  const parts = keys.split('+').map((part) => (isMac ? macSymbols : names)[part] ?? part.toUpperCase());
  return parts.join(isMac ? '' : '+');
}

export function Keys({ keys }: { keys: string }) {
  return <kbd className="font-sans text-small whitespace-nowrap text-muted">{shortcutText(keys)}</kbd>;
}
