'use client';

import Link from 'next/link';
import { PageMessage } from '../components/page-message.tsx';
import { Button } from '../components/ui/button.tsx';

export default function ErrorPage({ error, reset }: { error: Error & { digest?: string }; reset: () => void }) {
  const reference = error.digest === undefined ? '' : ` It is in the server’s log under ${error.digest}.`;
  return (
    <PageMessage title="This page could not be shown" text={`Something failed on our side.${reference}`}>
      <Button look="primary" onClick={reset}>
        Try again
      </Button>
      <Button asChild>
        <Link href="/">Go to the start</Link>
      </Button>
    </PageMessage>
  );
}
