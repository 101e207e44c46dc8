import { defineConfig } from 'vitest/config';

const notHere = ['test/stress/**', 'test/clients/**', 'test/integrity/**'];

/** What starts programs, keeps handles or has to do with its own process gets a process of its own for each file. */
const alone = [
  'test/e2e/**/*.test.ts',
  'test/contracts/*.test.ts',
  'test/edges/mcp/*.test.ts',
  'test/edges/cli/process.test.ts',
  'test/adapters/*.test.ts',
  'test/adapters/{gate,journal,processes}/*.test.ts',
];

export default defineConfig({
  test: {
    // All others share one for each worker: to load the modules again for every file takes longer than their tests.
    projects: [
      { extends: true, test: { name: 'alone', include: alone } },
      {
        extends: true,
        test: {
          name: 'shared',
          include: ['test/**/*.test.ts'],
          exclude: [...notHere, ...alone],
          isolate: false,
        },
      },
    ],
    globalSetup: ['test/support/bundle-folder.ts'],
    // Longer than any test waits for something by itself, so that it says what did not come.
    testTimeout: 120_000,
    // On a machine under load; the summary of CI names what needed it, to be mended.
    retry: process.env.CI ? 1 : 0,
    hookTimeout: 60_000,
    pool: 'forks',
    // On two cores vitest takes one for itself; our tests wait for processes more than they compute.
    maxWorkers: 2,
  },
});
