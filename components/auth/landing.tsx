import { FileCheck2, SquareTerminal, Users } from 'lucide-react';
import Link from 'next/link';
import { ProductMark } from '../product-mark.tsx';
import { Button } from '../ui/button.tsx';

const points = [
  {
    icon: SquareTerminal,
    title: 'A workspace of your own',
    text: 'Editor, terminals and files, on a machine that goes on working when you close the tab.',
  },
  {
    icon: FileCheck2,
    title: 'Every change on record',
    text: 'Whoever or whatever makes it. Each entry is hashed and chained, so none goes missing unseen.',
  },
  {
    icon: Users,
    title: 'Hosted by you',
    text: 'It runs where you run it. No request leaves your installation.',
  },
];

export function Landing() {
  return (
    <main className="mx-auto flex min-h-full w-full max-w-4xl flex-col justify-center gap-14 px-6 py-12">
      <header className="flex flex-col items-start gap-5">
        <ProductMark className="size-11" />
        <h1 className="max-w-2xl text-4xl leading-tight font-semibold tracking-tight text-balance sm:text-5xl">
          The cloud IDE that remembers every change.
        </h1>
        <p className="max-w-xl text-base leading-7 text-muted">
          Write and run code in the browser, alone or with agents. What happens to your files is recorded as it happens,
          in a trail that cannot quietly lose an entry.
        </p>
        <div className="mt-2 flex flex-wrap gap-3">
          <Button asChild look="primary" size="large">
            <Link href="/register">Create an account</Link>
          </Button>
          <Button asChild size="large">
            <Link href="/login">Sign in</Link>
          </Button>
        </div>
      </header>
      <ul className="grid gap-8 border-t border-line pt-8 sm:grid-cols-3">
        {points.map(({ icon: Icon, title, text }) => (
          <li key={title} className="flex flex-col gap-1.5">
            <Icon className="mb-1 size-5 text-accent" aria-hidden />
            <h2 className="font-semibold">{title}</h2>
            <p className="text-muted">{text}</p>
          </li>
        ))}
      </ul>
    </main>
  );
}
