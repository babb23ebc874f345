import type { SearchAddon } from '@xterm/addon-search';
import { ArrowDown, ArrowUp, X } from 'lucide-react';
import { useState } from 'react';
import { IconButton } from '../ui/button.tsx';

/** Finds text in a terminal's screen and scrollback. */
export function TerminalSearch({ search, onClose }: { search: SearchAddon; onClose: () => void }) {
  const [text, setText] = useState('');
  const [found, setFound] = useState(true);
  const close = () => {
    search.clearDecorations();
    onClose();
  };
  const find = (wanted: string, forwards: boolean) => {
    const hit = wanted === '' || (forwards ? search.findNext(wanted) : search.findPrevious(wanted));
    setFound(hit);
  };
  return (
    <search className="absolute top-2 right-4 z-10 flex items-center gap-0.5 rounded-md border border-line-strong bg-raised p-1 shadow-raised">
      <input
        // biome-ignore lint/a11y/noAutofocus: it opens because a person asked to type here.
        autoFocus
        aria-label="Find in the terminal"
        placeholder="Find"
        value={text}
        aria-invalid={!found}
        onChange={(event) => {
          setText(event.target.value);
          find(event.target.value, false);
        }}
        onKeyDown={(event) => {
          if (event.key === 'Escape') close();
          if (event.key === 'Enter') find(text, event.shiftKey);
        }}
        className="h-6 w-44 rounded bg-sunken px-2 aria-invalid:text-danger"
      />
      <IconButton label="The one before" onClick={() => find(text, false)}>
        <ArrowUp />
      </IconButton>
      <IconButton label="The next one" onClick={() => find(text, true)}>
        <ArrowDown />
      </IconButton>
      <IconButton label="Close the search" onClick={close}>
        <X />
      </IconButton>
    </search>
  );
}
