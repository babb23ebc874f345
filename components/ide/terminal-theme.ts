import type { ITheme, Terminal } from '@xterm/xterm';
import { token } from './monaco-theme.ts';

const dark: ITheme = {
  black: '#3a404b',
  red: '#ff7b80',
  green: '#5fcf98',
  yellow: '#f0b449',
  blue: '#7aa2ff',
  magenta: '#c99bff',
  cyan: '#56c8d8',
  white: '#d5d9e0',
  brightBlack: '#868e9b',
  brightRed: '#ff9a9e',
  brightGreen: '#86e0b3',
  brightYellow: '#ffcf7a',
  brightBlue: '#a3beff',
  brightMagenta: '#dcbcff',
  brightCyan: '#86dfea',
  brightWhite: '#ffffff',
};
const light: ITheme = {
  black: '#24292f',
  red: '#c22b32',
  green: '#15734a',
  yellow: '#8a5a00',
  blue: '#2d4fc4',
  magenta: '#8534b8',
  cyan: '#0b6e7d',
  white: '#6b7280',
  brightBlack: '#555c68',
  brightRed: '#d13a41',
  brightGreen: '#1d8357',
  brightYellow: '#9a6700',
  brightBlue: '#3f62da',
  brightMagenta: '#9a48cf',
  brightCyan: '#0f7f90',
  brightWhite: '#3d434d',
};

/** Dresses a terminal in the design tokens of the present theme. */
export function applyTerminalTheme(terminal: Terminal, theme: string | undefined): void {
  terminal.options.minimumContrastRatio = theme === 'contrast' ? 7 : 4.5;
  terminal.options.theme = {
    ...(theme === 'light' ? light : dark),
    background: token('surface'),
    foreground: token('text'),
    cursor: token('accent'),
    cursorAccent: token('surface'),
    selectionBackground: `${token('accent')}55`,
  };
}
