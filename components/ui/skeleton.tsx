import { classNames } from './class-names.ts';

/** Keeps the place of something that is on its way. */
export function Skeleton({ className }: { className?: string }) {
  return <div aria-hidden className={classNames('animate-breathe rounded bg-hover', className)} />;
}
