import { setTimeout as after } from 'node:timers/promises';
import { runShim } from '../../src/adapters/processes/shim.ts';
import { Fact } from '../../src/domain/worker/run.ts';

/** The shim as a program, with a backend whose lines are facts already. */
const directory = process.argv.at(-1) ?? '';
await runShim(directory, {
  reader: () => ({
    line: (line) => {
      try {
        const { success, data } = Fact.safeParse(JSON.parse(line));
        return success ? [data] : [];
      } catch {
        return [];
      }
    },
  }),
  clock: {
    now: Date.now,
    sleep: (ms, signal) => after(ms, undefined, signal ? { signal } : {}).catch(() => undefined),
  },
});
