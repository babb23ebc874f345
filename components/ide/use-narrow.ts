import { useSyncExternalStore } from 'react';

const query = '(max-width: 767px)';

/** Whether the page is too narrow for panes side by side. */
export function useNarrow(): boolean {
  return useSyncExternalStore(
    (listener) => {
      const media = matchMedia(query);
      media.addEventListener('change', listener);
      return () => media.removeEventListener('change', listener);
    },
    () => matchMedia(query).matches,
  );
}
