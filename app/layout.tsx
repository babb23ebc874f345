import '@fontsource-variable/inter/wght.css';
import '@fontsource-variable/jetbrains-mono/wght.css';
import './globals.css';
import type { Metadata, Viewport } from 'next';
import { headers } from 'next/headers';
import { connection } from 'next/server';
import type { ReactNode } from 'react';
import { Theme } from '../components/theme.tsx';
import { Toaster } from '../components/ui/toaster.tsx';

export const metadata: Metadata = {
  title: { default: 'Coditect', template: '%s · Coditect' },
  description: 'A cloud IDE whose audit trail keeps every change.',
};

export const viewport: Viewport = { width: 'device-width', initialScale: 1 };

export default async function RootLayout({ children }: { children: ReactNode }) {
  // Every page is made for its request: a page made ahead would lack the nonce, and its scripts would not run.
  await connection();
  const policy = (await headers()).get('content-security-policy');
  const nonce = policy?.match(/'nonce-([^']+)'/)?.[1];
  return (
    <html lang="en" suppressHydrationWarning>
      <body>
        <Theme nonce={nonce}>
          {children}
          <Toaster />
        </Theme>
      </body>
    </html>
  );
}
