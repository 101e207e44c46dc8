import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/integrity/**/*.test.ts'],
    globalSetup: ['test/support/bundle-folder.ts'],
    testTimeout: 180_000,
    hookTimeout: 60_000,
    pool: 'forks',
    // One file at a time, many loops of it side by side: what waits for processes costs no core.
    fileParallelism: false,
    maxConcurrency: 8,
  },
});
