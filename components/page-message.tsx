import type { ReactNode } from 'react';
import { ProductMark } from './product-mark.tsx';

/** A page that has only one thing to say, and the next step. */
export function PageMessage({ title, text, children }: { title: string; text: string; children: ReactNode }) {
  return (
    <main className="flex min-h-full flex-col items-center justify-center gap-3 px-4 text-center">
      <ProductMark className="mb-2 size-9" />
      <h1 className="text-xl font-semibold tracking-tight">{title}</h1>
      <p className="max-w-md text-muted">{text}</p>
      <div className="mt-3 flex gap-2">{children}</div>
    </main>
  );
}
