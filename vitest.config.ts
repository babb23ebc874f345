import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['{app,components,lib,server,workspace-agent,scripts,house}/**/*.test.{ts,tsx}'],
    // Native modules do not share a process with worker threads.
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 20_000,
    hookTimeout: 30_000,
  },
});
