import { describe, expect, type TestContext, test, vi } from 'vitest';
import type { Failure } from './model/protocol.ts';
import type { Call, ScriptedTurn } from './model-server.ts';
import { aRealWorker, type Person } from './real-worker.ts';

interface Suite extends Person {
  readonly title: string;
  /** A shell command as this program's tool takes it. */
  readonly shell: (command: string) => Call;
  /** A call of loopyard's tool `load_context`. */
  readonly loadsContext: Call;
  /** Failures of the model and the class each ends in, with what this program needs for it, milliseconds. */
  readonly faults: readonly { turn: Failure; expected: string; withinMs?: number }[];
}

/** What only a person can mend holds the loop, with a sentence of its own. */
const heldFor: Readonly<Record<string, string>> = {
  authentication: 'is not logged in, or its credentials were refused',
  model_unknown: 'does not know the model',
};

/** A real program as the worker of a real loop, through the built loopyard, against the scripted model. */
export function workerSuite(suite: Suite): void {
  const writes = (word: string): ScriptedTurn => suite.shell(`echo ${word} > greeting.txt`);

  describe.concurrent(`${suite.title} as a worker`, () => {
    test('works with the tools of loopyard until the check passes, and the work lands', async (context) => {
      const worker = await aRealWorker(
        suite,
        [
          [suite.loadsContext, writes('bye'), { say: 'Written.' }],
          [writes('hello'), { say: 'Corrected.' }],
        ],
        context,
      );
      await worker.start('--auto-merge');
      await worker.shows(/"state":\s*"landed"/, 240_000);

      expect(worker.git('show', 'main:greeting.txt')).toBe('hello\n');
      const { seen } = worker.model;
      expect(seen[0]?.opening).toContain('iteration 1');
      expect(seen[1]?.results[0]).toContain('greeting.txt says hello');
      expect(seen.at(-1)?.opening).toContain('The greeting is wrong: bye');
      expect(worker.started()).toBe('');
    });

    test.for(suite.faults)(
      'that gets $turn.fail from its model ends as $expected',
      async ({ turn, expected, withinMs }, context) => {
        const worker = await aRealWorker(suite, [[turn]], context);
        await worker.start();
        const told = [`ended with: ${expected}`, `"class":\\s*"${expected}"`, heldFor[expected]];
        const shown = await worker.shows(new RegExp(told.filter(Boolean).join('|')), withinMs);
        // What is not the work's fault costs no iteration.
        expect(shown).not.toMatch(/"state":\s*"failed"/);
      },
    );

    test('whose model fails in the middle of its work goes on in the same session', (context) =>
      goesOn(suite, writes, context));

    test('that hears nothing from its model is stopped without a trace', async (context) => {
      const worker = await aRealWorker(suite, [[{ hang: true }]], context);
      await worker.start();
      await vi.waitFor(() => expect(worker.model.seen.length).toBeGreaterThan(0), 150_000);
      await worker.stop();
      expect(await worker.shows(/"state":\s*"cancelled"/)).not.toMatch(/survivor|outlived/);
    });
  });
}

/**
 * The model refuses everything after the first tool call, and works again once the loop is let go on. A fresh session
 * would get a script that never mends the greeting.
 */
export async function goesOn(
  person: Person,
  writes: (word: string) => ScriptedTurn,
  context: TestContext,
): Promise<void> {
  let refuses = true;
  const refusal: Failure = { fail: 401, type: 'authentication_error', message: 'invalid api key' };
  const turn = (next: ScriptedTurn, last: string) => (typeof next === 'function' ? next(last) : next);
  let hasBegun = false;
  const begins: ScriptedTurn = (last) => {
    if (hasBegun) return { say: 'I know of nothing.' };
    hasBegun = true;
    return turn(writes('bye'), last);
  };
  let hasMended = false;
  // Ends the list, because Gemini tells a session it goes on with in more turns than it had.
  const goesOnThen: ScriptedTurn = (last) => {
    if (refuses) return refusal;
    if (hasMended) return { say: 'Corrected.' };
    hasMended = true;
    return turn(writes('hello'), last);
  };
  const scripts = [[begins, goesOnThen]];
  const worker = await aRealWorker(person, scripts, context);
  await worker.start();
  await worker.shows(/is not logged in, or its credentials were refused/);
  refuses = false;
  await worker.resume();
  expect(await worker.shows(/"state":\s*"verified"/, 240_000)).toContain('resumed session of worker-');

  const [before, after] = await worker.used();
  console.log(`${person.backend}: interrupted after ${before}; gone on with for ${after}`);
}
