import Editor from '@monaco-editor/react';
import type { editor } from 'monaco-editor';
import { useTheme } from 'next-themes';
import { useEffect, useState } from 'react';
import type { Document } from '../../lib/client/document.ts';
import { type MonacoApi, MonacoBuffer } from '../../lib/client/monaco.ts';
import { displayPath } from '../../lib/contracts/path.ts';
import { type Ide, useIde } from './ide-context.ts';
import { applyMonacoTheme, monacoThemeName } from './monaco-theme.ts';
import { useMonacoTheme } from './use-monaco-theme.ts';

const options: editor.IStandaloneEditorConstructionOptions = {
  automaticLayout: true,
  fontFamily: "'JetBrains Mono Variable', monospace",
  fontSize: 13,
  lineHeight: 20,
  fontLigatures: false,
  minimap: { enabled: false },
  scrollBeyondLastLine: false,
  smoothScrolling: false,
  renderLineHighlight: 'line',
  padding: { top: 8, bottom: 8 },
  stickyScroll: { enabled: true },
  guides: { indentation: true },
  bracketPairColorization: { enabled: false },
  overviewRulerBorder: false,
  hideCursorInOverviewRuler: true,
  fixedOverflowWidgets: true,
  // No text is changed that the person did not touch.
  trimAutoWhitespace: false,
  unicodeHighlight: { ambiguousCharacters: false },
};

/** Where each file was scrolled to and what was selected, while the page lives. */
const viewStates = new Map<string, editor.ICodeEditorViewState | null>();

/** The text of an open file. Its model belongs to the document and outlives the editor that shows it. */
export function MonacoEditor({ document }: { document: Document }) {
  const ide = useIde();
  const { resolvedTheme } = useTheme();
  const [shown, setShown] = useState<{ editor: editor.IStandaloneCodeEditor; monaco: MonacoApi } | null>(null);
  useMonacoTheme(shown?.monaco ?? null);
  useEffect(() => {
    return shown ? follow({ ide, document, editor: shown.editor }) : undefined;
  }, [shown, ide, document]);

  const { buffer } = document;
  if (!(buffer instanceof MonacoBuffer)) return null;
  return (
    <div className="min-h-0 flex-1" data-testid="monaco">
      <Editor
        path={buffer.model.uri.toString()}
        keepCurrentModel
        saveViewState={false}
        theme={monacoThemeName}
        options={{ ...options, ariaLabel: `Text of ${displayPath(document.path)}` }}
        loading={null}
        beforeMount={(monaco) => applyMonacoTheme(monaco, resolvedTheme)}
        onMount={(mounted, monaco) => setShown({ editor: mounted, monaco })}
      />
    </div>
  );
}

/** Brings the cursor to where it was, and keeps the document and the status bar told of where it is. */
function follow({ ide, document, editor }: { ide: Ide; document: Document; editor: editor.IStandaloneCodeEditor }) {
  const before = viewStates.get(document.key);
  if (before) editor.restoreViewState(before);
  else {
    const { line, column } = document.cursor;
    editor.setPosition({ lineNumber: line, column });
    editor.revealLineInCenterIfOutsideViewport(line);
  }
  const tell = () => {
    const position = editor.getPosition();
    const model = editor.getModel();
    if (!position || !model) return;
    const selection = editor.getSelection();
    document.cursor = { line: position.lineNumber, column: position.column };
    ide.editorStatus.set({
      ...document.cursor,
      selected: selection ? model.getValueLengthInRange(selection) : 0,
      language: model.getLanguageId(),
      lineEnding: model.getEOL() === '\n' ? 'LF' : 'CRLF',
    });
    ide.client.remember();
  };
  tell();
  const subscriptions = [editor.onDidChangeCursorSelection(tell), editor.onDidChangeModelLanguage(tell)];
  editor.focus();
  return () => {
    if (editor.getModel()) viewStates.set(document.key, editor.saveViewState());
    for (const subscription of subscriptions) subscription.dispose();
    ide.editorStatus.set(null);
  };
}
