import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    exclude: ['test/stress/**', 'test/clients/**', 'test/integrity/**'],
    // Longer than any test waits for something by itself, so that it says what did not come.
    testTimeout: 60_000,
    // On a machine under load; the summary of CI names what needed it, to be mended.
    retry: process.env.CI ? 1 : 0,
    hookTimeout: 60_000,
    pool: 'forks',
    // On two cores vitest takes one for itself; our tests wait for processes more than they compute.
    maxWorkers: 2,
  },
});
