import { monacoFolder } from './lib/client/monaco-folder.ts';

/** @type {import('next').NextConfig} */
export default {
  poweredByHeader: false,
  // Type errors are `npm run check`'s to find; a build does not look a second time.
  typescript: { ignoreBuildErrors: true },
  headers: async () => [
    {
      // The version is in the folder's name, so its content never changes.
      source: `${monacoFolder}/:path*`,
      headers: [{ key: 'Cache-Control', value: 'public, max-age=31536000, immutable' }],
    },
  ],
};
