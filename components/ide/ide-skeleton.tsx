import { ProductMark } from '../product-mark.tsx';
import { Skeleton } from '../ui/skeleton.tsx';

const widths = ['w-24', 'w-32', 'w-20', 'w-28', 'w-24', 'w-36', 'w-20'];

/** The IDE before it is there, every part in its place. */
export function IdeSkeleton() {
  return (
    <div role="status" aria-label="Opening the workspace" className="flex h-dvh flex-col text-ide">
      <div className="flex h-11 items-center gap-2 border-b border-line bg-background px-3">
        <ProductMark className="size-5" />
        <Skeleton className="h-4 w-28" />
      </div>
      <div className="flex min-h-0 flex-1">
        <div className="hidden w-60 flex-col gap-3 border-r border-line bg-surface p-3 pt-11 md:flex">
          {widths.map((width, at) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: the rows never change.
            <Skeleton key={at} className={`h-3.5 ${width}`} />
          ))}
        </div>
        <div className="flex-1 bg-surface" />
        <div className="hidden w-80 border-l border-line bg-surface lg:block" />
      </div>
      <div className="h-6 border-t border-line bg-background" />
    </div>
  );
}
