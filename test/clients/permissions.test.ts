import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { historyOf, keepStreams } from './faults.ts';
import { claude, codex, gemini, opencode } from './people.ts';
import { aRealWorker } from './real-worker.ts';

describe.concurrent('what a real program may do', () => {
  for (const client of [claude(), codex(), opencode(), gemini()]) {
    for (const permissions of ['work', 'skip_all']) {
      const isFree = permissions === 'skip_all';
      const outcome = isFree ? 'asks nobody' : 'is refused a file elsewhere, which shows';
      test(`${client.title} with ${permissions} ${outcome}`, async (context) => {
        // Claude Code skips approvals for root only where it is told that it is in a sandbox.
        const person = {
          ...client,
          env: (url: string) => ({ ...client.env?.(url), IS_SANDBOX: '1' }),
        };
        const worker = await aRealWorker(
          person,
          [
            [
              () => client.write?.(outside(), 'x') ?? client.shell(`echo x > ${outside()}`),
              client.shell('echo hello > greeting.txt'),
              { say: 'Written.' },
            ],
          ],
          context,
        );
        const outside = () => join(worker.root, 'home', 'outside.txt');
        await worker.start('--auto-merge', '--permissions', permissions);
        await worker.shows(/"state":\s*"landed"|"hold":/, 240_000);
        keepStreams(worker.project, `${client.backend}.${permissions}`);

        expect(worker.git('show', 'main:greeting.txt')).toBe('hello\n');
        // The file tools of Gemini CLI stay in its workspace, whatever else it may do.
        const reaches = isFree && client.backend !== 'gemini';
        expect(existsSync(outside())).toBe(reaches);
        const denied = historyOf(worker.project).flatMap(({ event }) =>
          event.type === 'worker.ended' ? event.end.denied : [],
        );
        expect(denied).toHaveLength(reaches ? 0 : 1);
      });
    }
  }
});
