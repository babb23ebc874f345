import Link from 'next/link';
import { PageMessage } from '../components/page-message.tsx';
import { Button } from '../components/ui/button.tsx';

export default function NotFound() {
  return (
    <PageMessage title="There is nothing here" text="The page may have moved, or the session has been ended.">
      <Button asChild look="primary">
        <Link href="/ide">Go to the workspace</Link>
      </Button>
    </PageMessage>
  );
}
