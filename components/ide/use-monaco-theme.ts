import { useTheme } from 'next-themes';
import { useEffect } from 'react';
import type { MonacoApi } from '../../lib/client/monaco.ts';
import { applyMonacoTheme } from './monaco-theme.ts';

/** Keeps Monaco in the theme of the page. */
export function useMonacoTheme(monaco: MonacoApi | null): void {
  const { resolvedTheme } = useTheme();
  useEffect(() => {
    if (!monaco) return;
    // next-themes sets the attribute that the tokens hang on in an effect of its own, after this one.
    const frame = requestAnimationFrame(() => applyMonacoTheme(monaco, resolvedTheme));
    return () => cancelAnimationFrame(frame);
  }, [monaco, resolvedTheme]);
}
