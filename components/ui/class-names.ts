import { type ClassValue, clsx } from 'clsx';
import { extendTailwindMerge } from 'tailwind-merge';

// Our own text sizes by name; unknown ones would be taken for colours and drop the colour before them.
const merge = extendTailwindMerge({ extend: { classGroups: { 'font-size': [{ text: ['ide', 'small'] }] } } });

/** Joins class names; of Tailwind classes that contradict each other the last one wins. */
export function classNames(...values: ClassValue[]): string {
  return merge(clsx(values));
}
