import Link from 'next/link';
import type { ReactNode } from 'react';
import { ProductMark } from '../product-mark.tsx';

/** The frame of the pages before one is signed in. */
export function AuthShell({
  title,
  other,
  children,
}: {
  title: string;
  /** The way to the other of the two pages. */
  other: { text: string; link: string; href: string };
  children: ReactNode;
}) {
  return (
    <main className="flex min-h-full flex-col items-center justify-center px-4 py-10">
      <div className="w-full max-w-96">
        <Link href="/" className="mb-6 flex items-center justify-center gap-2 rounded text-base font-semibold">
          <ProductMark className="size-7" />
          Coditect
        </Link>
        <div className="rounded-xl border border-line bg-surface p-6 shadow-raised sm:p-8">
          <h1 className="mb-6 text-xl font-semibold tracking-tight">{title}</h1>
          {children}
        </div>
        <p className="mt-6 text-center text-muted">
          {other.text}{' '}
          <Link href={other.href} className="rounded font-medium text-accent hover:underline">
            {other.link}
          </Link>
        </p>
      </div>
    </main>
  );
}
