import type { MonacoApi } from '../../lib/client/monaco.ts';

/** The value of a colour token as it is now, always with six digits: the build shortens `#ffffff` to `#fff`. */
export function token(name: string): string {
  const value = getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
  return value.replace(/^#([0-9a-f])([0-9a-f])([0-9a-f])$/i, '#$1$1$2$2$3$3');
}

export const monacoThemeName = 'coditect';

const syntax = {
  light: {
    comment: '6b7280',
    keyword: '6f42c1',
    string: '0a6c50',
    number: '9a4b00',
    type: '0b5cad',
    function: '2d4fc4',
  },
  dark: {
    comment: '7d8591',
    keyword: 'c4a7ff',
    string: '8fd3b0',
    number: 'f2b27a',
    type: '86c7ff',
    function: '9fb2ff',
  },
};

/** Dresses Monaco in the design tokens of the present theme. */
export function applyMonacoTheme(monaco: MonacoApi, theme: string | undefined): void {
  const light = theme === 'light';
  const colours = light ? syntax.light : syntax.dark;
  monaco.editor.defineTheme(monacoThemeName, {
    base: theme === 'contrast' ? 'hc-black' : light ? 'vs' : 'vs-dark',
    inherit: true,
    rules: [
      { token: 'comment', foreground: colours.comment },
      { token: 'keyword', foreground: colours.keyword },
      { token: 'string', foreground: colours.string },
      { token: 'number', foreground: colours.number },
      { token: 'type', foreground: colours.type },
      { token: 'function', foreground: colours.function },
    ],
    colors: {
      'editor.background': token('surface'),
      'editor.foreground': token('text'),
      'editorLineNumber.foreground': token('text-faint'),
      'editorLineNumber.activeForeground': token('text'),
      'editor.lineHighlightBackground': token('sunken'),
      'editor.lineHighlightBorder': token('sunken'),
      'editorCursor.foreground': token('accent'),
      'editorGutter.background': token('surface'),
      'editorIndentGuide.background1': token('line'),
      'editorIndentGuide.activeBackground1': token('line-strong'),
      'editorWidget.background': token('raised'),
      'editorWidget.border': token('line-strong'),
      'editorHoverWidget.background': token('raised'),
      'editorSuggestWidget.background': token('raised'),
      'editorSuggestWidget.selectedBackground': token('selected'),
      'input.background': token('sunken'),
      'input.border': token('line-strong'),
      'editorBracketHighlight.foreground1': token('text-muted'),
      'editorBracketHighlight.foreground2': token('accent'),
      'editorBracketHighlight.foreground3': token('ok'),
      focusBorder: token('focus'),
      'scrollbar.shadow': '#00000000',
      'diffEditor.insertedTextBackground': `${token('ok')}30`,
      'diffEditor.removedTextBackground': `${token('danger')}30`,
    },
  });
  monaco.editor.setTheme(monacoThemeName);
}
