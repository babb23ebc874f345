import '@xterm/xterm/css/xterm.css';
import { useTheme } from 'next-themes';
import { useEffect, useRef, useState } from 'react';
import { toast } from 'sonner';
import type { TerminalModel } from '../../lib/client/terminal-model.ts';
import { useIde } from './ide-context.ts';
import { TerminalSearch } from './terminal-search.tsx';
import { applyTerminalTheme } from './terminal-theme.ts';
import { openXterm, type Xterm } from './xterm.ts';

/** One terminal's screen. It is kept while hidden, and given the graphics card only while it is seen. */
export function TerminalView({ model, visible }: { model: TerminalModel; visible: boolean }) {
  const ide = useIde();
  const container = useRef<HTMLDivElement>(null);
  const [xterm, setXterm] = useState<Xterm | null>(null);
  const [searching, setSearching] = useState(false);
  const { resolvedTheme } = useTheme();

  useEffect(() => {
    let opened: Xterm | undefined;
    let ended = false;
    const open = async () => {
      // Cells are measured once: with the wrong font they would stay wrong.
      await document.fonts.load("13px 'JetBrains Mono Variable'");
      if (ended || !container.current) return;
      opened = openXterm({
        container: container.current,
        model,
        onRoom: (room) => {
          ide.terminalRoom = room;
        },
        onSearch: () => setSearching(true),
        onRefused: () =>
          toast.warning('Too much is waiting to be typed', {
            description: 'The terminal takes more once the connection is back.',
          }),
      });
      setXterm(opened);
    };
    void open();
    return () => {
      ended = true;
      opened?.[Symbol.dispose]();
      setXterm(null);
    };
  }, [ide, model]);

  useEffect(() => {
    if (!xterm) return;
    const frame = requestAnimationFrame(() => applyTerminalTheme(xterm.terminal, resolvedTheme));
    return () => cancelAnimationFrame(frame);
  }, [xterm, resolvedTheme]);

  useEffect(() => (xterm && visible ? xterm.show() : undefined), [xterm, visible]);

  return (
    <div className="relative min-h-0 flex-1">
      {searching && xterm && (
        <TerminalSearch
          search={xterm.search}
          onClose={() => {
            setSearching(false);
            xterm.terminal.focus();
          }}
        />
      )}
      <div ref={container} className="absolute inset-0 overflow-auto pt-1 pl-3" />
    </div>
  );
}
