import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import { historyOf, processesOf, worktreeOf } from './faults.ts';
import { claude, codex } from './people.ts';
import { aRealWorker } from './real-worker.ts';

const waits = `import { existsSync } from 'node:fs';
while (!existsSync(process.argv[2])) await new Promise((resolve) => setTimeout(resolve, 100));
`;

describe.concurrent('kill -9 while a real program is in the middle of a command', () => {
  for (const client of [claude(), codex()]) {
    for (const victim of ['keeper', 'shim'] as const) {
      test(`of the ${victim} of ${client.title}: no work is lost, no iteration charged, nothing left`, async (context) => {
        const person = {
          ...client,
          project: (server: Parameters<typeof client.project>[0]) => ({
            ...client.project(server),
            'wait.mjs': waits,
          }),
        };
        const finishes = [
          client.shell('cat half.txt && echo hello > greeting.txt'),
          { say: 'Finished.' },
        ] as const;
        const worker = await aRealWorker(
          person,
          [
            [
              () =>
                client.shell(`echo half > half.txt && node wait.mjs ${go()} && echo hello > greeting.txt`),
              { say: 'Written.' },
              // Gone on with in its session.
              ...finishes,
            ],
            finishes,
          ],
          context,
        );
        const go = () => join(worker.root, 'go');
        await worker.start('--auto-merge');
        await vi.waitFor(() => expect(existsSync(join(worktreeOf(worker.project), 'half.txt'))).toBe(true), {
          timeout: 120_000,
          interval: 200,
        });

        const pattern = victim === 'keeper' ? / keeper --yard / : / shim .*worker-/;
        const pids = processesOf(worker.root)
          .filter((one) => pattern.test(one))
          .map(Number.parseFloat);
        expect(pids).toHaveLength(1);
        for (const pid of pids) process.kill(pid, 'SIGKILL');
        // Whoever looks brings a keeper back.
        await worker.shows(/"state"/);
        writeFileSync(go(), '');

        await worker.shows(/"state":\s*"landed"/, 240_000);
        expect(worker.git('show', 'main:greeting.txt')).toBe('hello\n');
        expect(worker.git('show', 'main:half.txt')).toBe('half\n');
        const told = historyOf(worker.project).map(({ event }) => event);
        const types = told.map(({ type }) => type);
        const ends = told.flatMap((event) => (event.type === 'worker.ended' ? [event.end.run.cause] : []));
        // Adopted, or marked as lost and its iteration given back.
        expect(ends).toEqual(victim === 'keeper' ? ['exited'] : ['lost', 'exited']);
        expect(types.filter((type) => type === 'loop.worker_lost')).toHaveLength(ends.length - 1);
        expect(types.filter((type) => type === 'loop.candidate_made')).toHaveLength(1);
        await worker.stop();
        await vi.waitFor(() => expect(processesOf(worker.root)).toEqual([]), 10_000);
      });
    }
  }
});
