'use client';

import { useTheme } from 'next-themes';
import { Toaster as Sonner } from 'sonner';

/** Where short messages about what was just done appear. */
export function Toaster() {
  const { resolvedTheme } = useTheme();
  return (
    <Sonner
      theme={resolvedTheme === 'light' ? 'light' : 'dark'}
      position="bottom-right"
      offset={36}
      toastOptions={{
        classNames: {
          toast: '!rounded-md !border-line-strong !bg-raised !font-sans !text-ide !text-text !shadow-raised',
          description: '!text-muted',
        },
      }}
    />
  );
}
