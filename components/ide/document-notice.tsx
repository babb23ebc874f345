import type { Document } from '../../lib/client/document.ts';
import { useValue } from '../../lib/client/use-value.ts';
import { Button } from '../ui/button.tsx';
import { Notice } from '../ui/notice.tsx';
import { useIde } from './ide-context.ts';

/** What there is to say about an open file: that it did not reach the disk, or that the disk moved on without it. */
export function DocumentNotice({ document }: { document: Document }) {
  const ide = useIde();
  const { save, disk, dirty } = useValue(document.state);
  const compare = (
    <Button size="small" onClick={() => ide.dialog.set({ kind: 'stale', document })}>
      Compare
    </Button>
  );
  if (save.kind === 'failed') {
    return (
      <Notice
        look="danger"
        action={
          <Button size="small" onClick={() => void document.save()}>
            Save again
          </Button>
        }
      >
        Not saved: {save.reason.detail} The text is kept in this browser.
      </Notice>
    );
  }
  if (save.kind === 'waiting') return <Notice look="warn">Saving waits: {save.reason.detail}</Notice>;
  if (disk === 'deleted') {
    return (
      <Notice look="warn" action={dirty ? compare : undefined}>
        The file was deleted on disk. Saving makes it again.
      </Notice>
    );
  }
  if (disk === 'changed' && dirty) {
    return (
      <Notice look="warn" action={compare}>
        The file was changed on disk while you have unsaved text.
      </Notice>
    );
  }
  return null;
}
