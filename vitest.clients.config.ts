import { defineConfig } from 'vitest/config';

/** The real client programs against a scripted model. The first run downloads them into node_modules/.cache. */
export default defineConfig({
  test: {
    include: ['test/clients/**/*.test.ts'],
    globalSetup: ['test/clients/install.ts'],
    testTimeout: 120_000,
    retry: process.env.CI ? 1 : 0,
    pool: 'forks',
  },
});
