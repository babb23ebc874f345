import { FileQuestionMark, FileX, PenLine } from 'lucide-react';
import { useEffect } from 'react';
import type { Document } from '../../lib/client/document.ts';
import { useValue } from '../../lib/client/use-value.ts';
import { Button } from '../ui/button.tsx';
import { EmptyState } from '../ui/empty-state.tsx';
import { Keys } from '../ui/keys.tsx';
import { Skeleton } from '../ui/skeleton.tsx';
import { DocumentNotice } from './document-notice.tsx';
import { EditorTabs } from './editor-tabs.tsx';
import { useIde } from './ide-context.ts';
import { MonacoEditor } from './monaco-editor.tsx';
import { useCommands } from './use-commands.ts';
import { sizeText } from './words.ts';

export function EditorArea() {
  const { client } = useIde();
  const { active } = useValue(client.documents.tabs);
  return (
    <section aria-label="Editor" data-pane="editor" className="flex h-full flex-col bg-surface" data-testid="editor">
      <EditorTabs />
      {active ? <OpenDocument key={active.key} document={active} /> : <NothingOpen />}
    </section>
  );
}

function OpenDocument({ document }: { document: Document }) {
  const ide = useIde();
  const { content, save } = useValue(document.state);
  useEffect(() => {
    if (save.kind === 'stale') ide.dialog.set({ kind: 'stale', document });
  }, [ide, save.kind, document]);
  switch (content.kind) {
    case 'loading':
      return <TextSkeleton />;
    case 'text':
      return (
        <div className="flex min-h-0 flex-1 flex-col" role="tabpanel" aria-label={document.path}>
          <DocumentNotice document={document} />
          <MonacoEditor document={document} />
        </div>
      );
    case 'binary':
      return (
        <EmptyState icon={<FileQuestionMark aria-hidden />} title="This file is not text">
          <p>
            {sizeText(content.size)} of bytes that are not UTF-8. It is kept and recorded like any other; open it with a
            program in the terminal.
          </p>
          <code className="font-mono text-small break-all text-faint">sha256 {content.sha256}</code>
        </EmptyState>
      );
    case 'too_large':
      return (
        <EmptyState icon={<FileQuestionMark aria-hidden />} title="This file is too large for the editor">
          <p>It has {sizeText(content.size)}. Open it with a program in the terminal.</p>
        </EmptyState>
      );
    case 'failed':
      return (
        <EmptyState icon={<FileX aria-hidden />} title="The file cannot be opened">
          <p>{content.problem.detail}</p>
          <Button size="small" onClick={() => void document.load()}>
            Try again
          </Button>
        </EmptyState>
      );
  }
}

function NothingOpen() {
  const commands = useCommands();
  const shown = ['file.open', 'view.palette', 'terminal.new', 'view.explorer'];
  return (
    <EmptyState icon={<PenLine aria-hidden />} title="No file is open">
      <dl className="mt-1 grid grid-cols-[auto_auto] items-center gap-x-6 gap-y-1.5 text-left">
        {commands
          .filter(({ id }) => shown.includes(id))
          .map(({ id, title, keys }) => (
            <div key={id} className="contents">
              <dt>{title}</dt>
              <dd className="text-right">{keys && <Keys keys={keys} />}</dd>
            </div>
          ))}
      </dl>
    </EmptyState>
  );
}

function TextSkeleton() {
  return (
    <div role="status" aria-label="Opening the file" className="flex flex-1 flex-col gap-2.5 p-4 pl-16">
      {['w-64', 'w-80', 'w-40', 'w-72', 'w-56'].map((width) => (
        <Skeleton key={width} className={`h-3 ${width}`} />
      ))}
    </div>
  );
}
