import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { historyOf, keepStreams, worktreeOf } from './faults.ts';
import type { ScriptedTurn } from './model-server.ts';
import { claude, codex, gemini, opencode, together } from './people.ts';
import { aRealWorker } from './real-worker.ts';

const opening = /You review a change/;

describe.concurrent('a real program that reviews', () => {
  for (const client of [claude(), codex(), gemini(), opencode()]) {
    test(`in the read-only mode of ${client.title} sees what it judges, and cannot change it`, async (context) => {
      const tries: ScriptedTurn[] = [
        ...(client.write ? [() => client.write?.(join(tree(), 'written.txt'), 'x') ?? { say: '' }] : []),
        client.shell('echo x > by-shell.txt'),
        { say: 'Looked.\n\nVERDICT: approve' },
      ];
      const worker = await aRealWorker(client, [], context, {
        programs: [client.backend],
        scripts: [{ opening, conversations: [tries] }],
      });
      const tree = () => worktreeOf(worker.project);
      const author = ['--backend', 'command', '--command', `sh -c 'echo hello > greeting.txt'`];
      await worker.start(...author, '--review');
      const shown = await worker.shows(/"review":/);
      keepStreams(worker.project, `${client.backend}.review`);

      expect(shown).toContain(`approved by ${client.backend}`);
      const { opening: read = '', results = [] } = worker.model.seen.at(-1) ?? {};
      for (const part of ['greeting.txt says hello', 'node check.mjs', '+hello'])
        expect(read).toContain(part);
      expect(results).toHaveLength(tries.length - 1);
      for (const name of ['written.txt', 'by-shell.txt']) expect(existsSync(join(tree(), name))).toBe(false);
      const denied = historyOf(worker.project).flatMap(({ event }) =>
        event.type === 'worker.ended' ? event.end.denied : [],
      );
      // What is not offered at all cannot be refused: OpenCode's tools that write, and Gemini's shell.
      expect(denied).toHaveLength({ claude: 2, codex: 1, gemini: 1, opencode: 0 }[client.backend]);
    });
  }

  test('Claude Code vetoes what Codex made, and the next worker of Codex gets its reasons', async (context) => {
    const [author, reviewer] = [codex(), claude()];
    const made = [author.shell('echo hello > greeting.txt'), { say: 'Written.' }];
    const worker = await aRealWorker(
      { ...together(author, reviewer), backend: author.backend },
      [made, [author.shell('echo polite > manners.txt'), { say: 'Mended.' }]],
      context,
      {
        programs: [author.backend, reviewer.backend],
        scripts: [
          {
            opening,
            conversations: [
              [{ say: 'VERDICT: veto\n- greeting.txt:1 has no manners' }],
              [{ say: 'VERDICT: approve' }],
            ],
          },
        ],
      },
    );
    await worker.start('--review', '--auto-merge');
    await worker.shows(/"state":\s*"landed"/, 240_000);

    const openings = worker.model.seen.map((seen) => seen.opening);
    expect(openings.find((text) => text.includes('iteration 2'))).toContain('greeting.txt:1 has no manners');
    expect(worker.git('show', 'main:manners.txt')).toBe('polite\n');
  });
});
