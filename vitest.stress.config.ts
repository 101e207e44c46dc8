import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/stress/**/*.test.ts'],
    globalSetup: ['test/support/bundle-folder.ts'],
    testTimeout: 600_000,
    hookTimeout: 60_000,
    // Chance is in the storms; the summary of CI names what needed a second try, to be mended.
    retry: process.env.CI ? 1 : 0,
    maxConcurrency: 3,
    pool: 'forks',
    fileParallelism: false,
  },
});
