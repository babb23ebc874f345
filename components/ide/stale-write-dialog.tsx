import { useEffect, useState } from 'react';
import type { Comparison, Document } from '../../lib/client/document.ts';
import { toProblem } from '../../lib/contracts/errors.ts';
import { baseName } from '../../lib/contracts/path.ts';
import { Button } from '../ui/button.tsx';
import { Dialog, DialogFooter } from '../ui/dialog.tsx';
import { Skeleton } from '../ui/skeleton.tsx';
import { DiffView } from './diff-view.tsx';
import { useIde } from './ide-context.ts';

/** The file changed on disk under unsaved text: shows both, and lets the person choose. Nothing is lost by closing it. */
export function StaleWriteDialog({ document, onClose }: { document: Document; onClose: () => void }) {
  const ide = useIde();
  const [comparison, setComparison] = useState<Comparison | null>(null);
  const [failure, setFailure] = useState<string | null>(null);
  useEffect(() => {
    document.compare().then(setComparison, (error: unknown) => setFailure(toProblem(error).detail));
  }, [document]);
  const close = () => {
    document.postpone();
    onClose();
  };
  const choose = (choice: 'mine' | 'theirs') => {
    if (comparison) void document.choose(choice, comparison);
    onClose();
  };
  const name = baseName(document.path);
  const gone = comparison?.theirBase === 'absent';
  return (
    <Dialog
      open
      onClose={close}
      title={gone ? `${name} was deleted on disk` : `${name} was changed on disk`}
      description={gone ? 'Saving makes it again with your text.' : 'On disk on the left, yours on the right.'}
      className="top-[6vh] h-[80vh] max-h-[80vh] w-[min(1040px,calc(100vw-24px))]"
    >
      <div className="min-h-0 flex-1 border-t border-line">
        {failure !== null && <p className="p-4 text-danger">The file cannot be read: {failure}</p>}
        {failure === null && !comparison && <Skeleton className="m-4 h-40" />}
        {comparison && comparison.theirs === null && !gone && <p className="p-4">On disk there is no text any more.</p>}
        {comparison && (gone || comparison.theirs !== null) && (
          <DiffView
            original={comparison.theirs ?? ''}
            modified={comparison.mine}
            language={ide.editorStatus.get()?.language ?? 'plaintext'}
          />
        )}
      </div>
      <DialogFooter>
        <Button onClick={close}>Decide later</Button>
        {comparison && !gone && comparison.theirs !== null && (
          <Button onClick={() => choose('theirs')}>Take what is on disk</Button>
        )}
        <Button look="primary" disabled={!comparison} onClick={() => choose('mine')}>
          {gone ? 'Save mine' : 'Save mine over it'}
        </Button>
      </DialogFooter>
    </Dialog>
  );
}
