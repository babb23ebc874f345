import { loader } from '@monaco-editor/react';
import type * as Monaco from 'monaco-editor';
import { toDisposable } from '../base/disposables.ts';
import { baseName, type WirePath } from '../contracts/path.ts';
import { monacoFolder } from './monaco-folder.ts';
import type { TextBuffer, TextBuffers } from './text-buffer.ts';

export type MonacoApi = typeof Monaco;

const workerNames: Record<string, string> = {
  css: 'css',
  scss: 'css',
  less: 'css',
  html: 'html',
  handlebars: 'html',
  razor: 'html',
  json: 'json',
  javascript: 'typescript',
  typescript: 'typescript',
};

let loading: Promise<MonacoApi> | undefined;

/** Loads Monaco from our own origin, once for the page. @throws Error when its files cannot be fetched. */
export function loadMonaco(): Promise<MonacoApi> {
  loading ??= fetchMonaco().catch((error: unknown) => {
    loading = undefined;
    throw error;
  });
  return loading;
}

async function fetchMonaco(): Promise<MonacoApi> {
  globalThis.MonacoEnvironment = {
    getWorker: (_id, label) =>
      new Worker(`${monacoFolder}/${workerNames[label] ?? 'editor'}.worker.js`, { name: label }),
  };
  const [monaco] = await Promise.all([
    import(/* webpackIgnore: true */ /* turbopackIgnore: true */ `${monacoFolder}/editor.js`) as Promise<MonacoApi>,
    loadStyles(),
  ]);
  // A file stands alone here: without its project, imports cannot be resolved and would all be marked as errors.
  for (const defaults of [monaco.typescript.typescriptDefaults, monaco.typescript.javascriptDefaults])
    defaults.setDiagnosticsOptions({ noSemanticValidation: true, noSyntaxValidation: false });
  loader.config({ monaco });
  return monaco;
}

function loadStyles(): Promise<void> {
  return new Promise((resolve, reject) => {
    const link = document.createElement('link');
    link.rel = 'stylesheet';
    link.href = `${monacoFolder}/editor.css`;
    link.onload = () => resolve();
    link.onerror = () => reject(new Error('The editor’s styles could not be loaded.'));
    document.head.append(link);
  });
}

/** The address of an open file's text inside Monaco. */
export function bufferUri(monaco: MonacoApi, { key, path }: { key: string; path: WirePath }): Monaco.Uri {
  return monaco.Uri.from({ scheme: 'coditect', authority: key, path: `/${path}` });
}

/** Monaco's models as the texts of open files. */
export function monacoBuffers(monaco: MonacoApi): TextBuffers {
  return {
    create(file) {
      const model = monaco.editor.createModel(file.text, languageOf(monaco, file.path), bufferUri(monaco, file));
      // Monaco ends the lines of an empty text as the browser's system does; the workspace is Linux, wherever one sits.
      if (!file.text.includes('\r\n')) model.setEOL(monaco.editor.EndOfLineSequence.LF);
      return new MonacoBuffer(monaco, model);
    },
  };
}

export class MonacoBuffer implements TextBuffer {
  readonly #monaco: MonacoApi;
  readonly model: Monaco.editor.ITextModel;

  constructor(monaco: MonacoApi, model: Monaco.editor.ITextModel) {
    this.#monaco = monaco;
    this.model = model;
  }

  text(): string {
    return this.model.getValue(this.#monaco.editor.EndOfLinePreference.TextDefined, true);
  }

  replace(text: string): void {
    const { model } = this;
    const { CRLF, LF } = this.#monaco.editor.EndOfLineSequence;
    const next = text.startsWith('\ufeff') ? text.slice(1) : text;
    model.pushStackElement();
    model.pushEOL(next.includes('\r\n') ? CRLF : LF);
    const change = smallestChange(model.getValue(), next);
    const start = model.getPositionAt(change.start);
    const range = this.#monaco.Range.fromPositions(start, model.getPositionAt(change.end));
    model.pushEditOperations([], [{ range, text: change.text }], () => null);
    model.pushStackElement();
  }

  version(): number {
    return this.model.getAlternativeVersionId();
  }

  onChange(listener: () => void): Disposable {
    const subscription = this.model.onDidChangeContent(listener);
    return toDisposable(() => subscription.dispose());
  }

  rename(path: WirePath): void {
    this.#monaco.editor.setModelLanguage(this.model, languageOf(this.#monaco, path));
  }

  [Symbol.dispose](): void {
    this.model.dispose();
  }
}

/** What differs between two texts, as one replaced stretch: what stands around it, the cursor too, stays. */
export function smallestChange(before: string, after: string): { start: number; end: number; text: string } {
  const most = Math.min(before.length, after.length);
  let start = 0;
  while (start < most && before[start] === after[start]) start += 1;
  let same = 0;
  while (same < most - start && before.at(-1 - same) === after.at(-1 - same)) same += 1;
  return { start, end: before.length - same, text: after.slice(start, after.length - same) };
}

function languageOf(monaco: MonacoApi, path: WirePath): string {
  const name = baseName(path).toLowerCase();
  const found = monaco.languages
    .getLanguages()
    .find(
      ({ filenames, extensions }) =>
        filenames?.some((filename) => filename.toLowerCase() === name) ||
        extensions?.some((extension) => name.endsWith(extension.toLowerCase())),
    );
  return found?.id ?? 'plaintext';
}
