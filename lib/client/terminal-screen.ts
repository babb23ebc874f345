import type { IDisposable, IFunctionIdentifier, IParser } from '@xterm/xterm';

/** What draws a terminal: xterm in the browser, its headless sibling in tests. */
export interface TerminalScreen {
  /** Parses and draws; `done` is called when these bytes have been parsed. */
  write(bytes: Uint8Array, done: () => void): void;
  resize(columns: number, rows: number): void;
}

/** RIS, the full reset. Unlike a call it keeps its place among bytes that are still waiting to be parsed. */
export const fullReset = new Uint8Array([0x1b, 0x63]);

/** Every control sequence by which a program asks the terminal something, as far as xterm would answer. */
const csiQueries: IFunctionIdentifier[] = [
  { final: 'c' }, // primary device attributes
  { prefix: '>', final: 'c' }, // secondary device attributes
  { prefix: '=', final: 'c' }, // tertiary device attributes
  { prefix: '>', final: 'q' }, // name and version
  { final: 'n' }, // status and cursor position
  { prefix: '?', final: 'n' }, // the same, DEC's
  { intermediates: '$', final: 'p' }, // is an ANSI mode set
  { prefix: '?', intermediates: '$', final: 'p' }, // is a DEC mode set
  { prefix: '?', final: 'u' }, // keyboard protocol
  { final: 'x' }, // terminal parameters
];
/** OSC commands that set a colour, or ask for it with a question mark. */
const colourCommands = [4, 10, 11, 12];

/**
 * Keeps an emulator from answering. Only the one in the workspace answers, once; a second answer from each browser
 * would arrive at the program as if it had been typed.
 */
export function silenceQueries(parser: IParser): IDisposable[] {
  return [
    ...csiQueries.map((id) => parser.registerCsiHandler(id, () => true)),
    ...colourCommands.map((command) => parser.registerOscHandler(command, (data) => data.includes('?'))),
    parser.registerDcsHandler({ intermediates: '$', final: 'q' }, () => true),
    parser.registerDcsHandler({ intermediates: '+', final: 'q' }, () => true),
  ];
}
