import { useTheme } from 'next-themes';
import { useEffect, useRef } from 'react';
import { loadMonaco } from '../../lib/client/monaco.ts';
import { applyMonacoTheme } from './monaco-theme.ts';

/** Two texts beside each other, for reading. */
export function DiffView({ original, modified, language }: { original: string; modified: string; language: string }) {
  const container = useRef<HTMLDivElement>(null);
  const { resolvedTheme } = useTheme();
  useEffect(() => {
    let end: (() => void) | undefined;
    let ended = false;
    const show = async () => {
      const monaco = await loadMonaco();
      if (ended || !container.current) return;
      applyMonacoTheme(monaco, resolvedTheme);
      const editor = monaco.editor.createDiffEditor(container.current, {
        readOnly: true,
        automaticLayout: true,
        fontFamily: "'JetBrains Mono Variable', monospace",
        fontSize: 13,
        lineHeight: 20,
        scrollBeyondLastLine: false,
        minimap: { enabled: false },
        renderOverviewRuler: false,
        useInlineViewWhenSpaceIsLimited: true,
        originalAriaLabel: 'On disk',
        modifiedAriaLabel: 'Yours',
      });
      const models = {
        original: monaco.editor.createModel(original, language),
        modified: monaco.editor.createModel(modified, language),
      };
      editor.setModel(models);
      end = () => {
        // In this order: a diff editor must not see its models die.
        editor.setModel(null);
        models.original.dispose();
        models.modified.dispose();
        editor.dispose();
      };
    };
    void show();
    return () => {
      ended = true;
      end?.();
    };
  }, [original, modified, language, resolvedTheme]);
  return <div ref={container} className="h-full" data-testid="diff" />;
}
