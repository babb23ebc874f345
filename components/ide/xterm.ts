import { FitAddon } from '@xterm/addon-fit';
import { SearchAddon } from '@xterm/addon-search';
import { Unicode11Addon } from '@xterm/addon-unicode11';
import { WebLinksAddon } from '@xterm/addon-web-links';
import { WebglAddon } from '@xterm/addon-webgl';
import { Terminal } from '@xterm/xterm';
import { Disposables } from '../../lib/base/disposables.ts';
import type { TerminalModel, TerminalSize } from '../../lib/client/terminal-model.ts';
import { silenceQueries } from '../../lib/client/terminal-screen.ts';
import { limits } from '../../lib/contracts/limits.ts';

export interface Xterm extends Disposable {
  terminal: Terminal;
  search: SearchAddon;
  /** It is seen now: draws with the graphics card where there is one, until the result is called. */
  show(): () => void;
}

interface XtermOptions {
  container: HTMLElement;
  model: TerminalModel;
  /** How many cells fit, each time that changes. */
  onRoom: (room: TerminalSize) => void;
  onSearch: () => void;
  /** What was typed could not be taken. */
  onRefused: () => void;
}

declare global {
  /**
   * The terminals of the page by id, for tests and for people with developer tools: the screen is drawn on a canvas, so
   * what it shows is read from `buffer`.
   */
  var coditectTerminals: Map<string, Terminal> | undefined;
}

/** Opens xterm on a terminal's model: output in, keystrokes and size out. */
export function openXterm({ container, model, onRoom, onSearch, onRefused }: XtermOptions): Xterm {
  const ending = new Disposables();
  const { columns, rows } = model.record.get();
  const terminal = new Terminal({
    cols: columns,
    rows,
    allowProposedApi: true,
    fontFamily: "'JetBrains Mono Variable', monospace",
    fontSize: 13,
    lineHeight: 1.2,
    scrollback: limits.terminalScrollbackLinesMax,
    macOptionIsMeta: true,
    rightClickSelectsWord: false,
  });
  ending.defer(() => terminal.dispose());
  const fit = new FitAddon();
  const search = new SearchAddon();
  for (const addon of [fit, search, new WebLinksAddon(openLink), new Unicode11Addon()]) terminal.loadAddon(addon);
  terminal.unicode.activeVersion = '11';
  silenceQueries(terminal.parser);
  terminal.open(container);
  terminal.attachCustomKeyEventHandler((event) => ownKey(event, terminal, onSearch));

  const typed = (bytes: Uint8Array) => !model.type(bytes) && onRefused();
  const encoder = new TextEncoder();
  terminal.onData((text) => typed(encoder.encode(text)));
  terminal.onBinary((text) => typed(Uint8Array.from(text, (character) => character.charCodeAt(0))));
  const screen = {
    write: (bytes: Uint8Array, done: () => void) => terminal.write(bytes, done),
    resize: (wide: number, high: number) => terminal.resize(wide, high),
  };
  ending.add(model.bind(screen));
  const measure = () => {
    const room = fit.proposeDimensions();
    if (!room || Number.isNaN(room.cols) || container.clientHeight === 0) return;
    const size = {
      columns: Math.min(limits.terminalColumnsMax, Math.max(2, room.cols)),
      rows: Math.min(limits.terminalRowsMax, Math.max(1, room.rows)),
    };
    onRoom(size);
    model.fit(size);
  };
  const observer = new ResizeObserver(() => requestAnimationFrame(measure));
  observer.observe(container);
  ending.defer(() => observer.disconnect());
  // A click is a beginning of use as much as a key: whoever reads here sees it at this size.
  const claim = () => model.claimSize();
  container.addEventListener('pointerdown', claim);
  ending.defer(() => container.removeEventListener('pointerdown', claim));
  publish(ending, model, terminal);
  return { terminal, search, show: () => drawFast(terminal), [Symbol.dispose]: () => ending[Symbol.dispose]() };
}

function openLink(_event: MouseEvent, uri: string): void {
  window.open(uri, '_blank', 'noopener,noreferrer');
}

function drawFast(terminal: Terminal): () => void {
  let addon: WebglAddon | undefined;
  try {
    addon = new WebglAddon();
    addon.onContextLoss(() => addon?.dispose());
    terminal.loadAddon(addon);
  } catch {
    // Without WebGL 2 xterm draws with the document, more slowly.
    addon?.dispose();
    addon = undefined;
  }
  return () => addon?.dispose();
}

/** Keys that are the page's and not the shell's. False keeps xterm from them. */
function ownKey(event: KeyboardEvent, terminal: Terminal, onSearch: () => void): boolean {
  if (event.type !== 'keydown' || !event.shiftKey || !(event.ctrlKey || event.metaKey)) return true;
  if (event.code === 'KeyF') onSearch();
  else if (event.code === 'KeyC' && terminal.hasSelection())
    void navigator.clipboard?.writeText(terminal.getSelection());
  else return event.code !== 'KeyV';
  event.preventDefault();
  return false;
}

function publish(ending: Disposables, model: TerminalModel, terminal: Terminal): void {
  globalThis.coditectTerminals ??= new Map();
  const terminals = globalThis.coditectTerminals;
  terminals.set(model.terminalId, terminal);
  ending.defer(() => terminals.delete(model.terminalId));
}
