import { defineConfig } from 'vitest/config';

const slow = ['opencode', 'kilo', 'qwen', 'copilot', 'review', 'permissions', 'kill'];

/** The real client programs against a scripted model. The first run downloads them into node_modules/.cache. */
export default defineConfig({
  test: {
    include: ['test/clients/**/*.test.ts'],
    // These take minutes, for which `npm run test:clients:all` has the time: programs that start slowly, many loops.
    exclude: process.env.ALL_CLIENTS ? [] : slow.map((name) => `test/clients/${name}.test.ts`),
    globalSetup: ['test/clients/install.ts'],
    // A program of this size takes from three seconds to a minute to start, as busy as the machine is.
    testTimeout: 300_000,
    maxConcurrency: 3,
    maxWorkers: 1,
    retry: process.env.CI ? 1 : 0,
    pool: 'forks',
  },
});
