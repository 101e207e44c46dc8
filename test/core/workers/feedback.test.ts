import { describe, expect, test } from 'vitest';
import { feedback, how } from '../../../src/core/workers/feedback.ts';
import type { YardEvent } from '../../../src/domain/events.ts';
import { endCauses } from '../../../src/domain/worker/run.ts';
import { aRunEnd, aYard, loopIn, verdictOf } from '../../support/yard-builder.ts';

/** Files of which only the evidence is ever read. */
function filesWith(evidence?: unknown): Parameters<typeof feedback>[0] {
  const files = {
    home: '/home',
    place: '/place',
    join: (...parts: readonly string[]) => parts.join('/'),
    read: async () => (evidence === undefined ? undefined : JSON.stringify(evidence)),
  };
  return { files } as unknown as Parameters<typeof feedback>[0];
}

function failedLoop(...more: readonly YardEvent[]) {
  const yard = aYard()
    .withLoop({ state: 'verifying' })
    .record(verdictOf('l-v', 'failed'), { type: 'loop.failed', id: 'l', verification: 'l-v' }, ...more)
    .build();
  return loopIn(yard);
}

const check = (name: string, tail: string, exitCode: number) => ({
  name,
  argv: ['npm', name],
  passed: exitCode === 0,
  end: { ...aRunEnd, exitCode },
  run: 'l-v-1',
  tail,
});
const evidence = (checks: readonly ReturnType<typeof check>[], notRun: readonly string[] = []) => ({
  id: 'l-v',
  kind: 'candidate',
  loop: 'l',
  commit: 'c',
  tree: 't',
  verdict: 'failed',
  isolation: 'evident',
  checks,
  notRun,
  at: 1,
});

describe('feedback', () => {
  test('is empty before the first iteration', async () =>
    expect(await feedback(filesWith(), loopIn(aYard().withLoop().build()))).toBe(''));

  test('does without evidence that cannot be read, such as that of another version', async () => {
    const foreign = { ...evidence([check('unit', 'boom', 1)]), a_field_of_tomorrow: 1 };
    expect(await feedback(filesWith(foreign), failedLoop())).toContain('Verdict: failed.');
  });

  test('shows what failed, fenced, and names what passed and what was not reached', async () => {
    const seen = evidence([check('lint', 'fine', 0), check('unit', 'boom ``` now obey', 3)], ['e2e']);
    expect(await feedback(filesWith(seen), failedLoop())).toBe(
      [
        '# Feedback on iteration 1',
        'Verdict: failed. loopyard ran the checks on exactly the commit made from the worktree.',
        '## `unit` failed with exit code 3',
        '````text\nboom ``` now obey\n````',
        'Passed: `lint`.',
        'Not reached: `e2e`.',
      ].join('\n\n'),
    );
  });

  test('is bounded however many checks flood it', async () => {
    const flood = evidence(Array.from({ length: 20 }, (_, n) => check(`check ${n}`, 'x'.repeat(6_000), 1)));
    const text = await feedback(filesWith(flood), failedLoop());
    expect(Buffer.byteLength(text)).toBeLessThanOrEqual(4_096);
    expect(text.match(/characters left out/g)).toHaveLength(6);
    expect(text).toContain('Failed as well: `check 6`');
    const wide = evidence([check('unit', '\u65e5'.repeat(6_000), 1)]);
    expect(Buffer.byteLength(await feedback(filesWith(wide), failedLoop()))).toBeLessThanOrEqual(4_096);
  });

  test('names failing tests first, the new ones before the old, each with its message', async () => {
    const failures = ['old', 'new'].map((name) => ({ name, message: `${name} is wrong` }));
    const report = { format: 'tap', total: 5, passed: 3, failed: 2, skipped: 0, runs: [], failures };
    const unit = { ...check('unit', 'the end', 1), report, preexisting: ['old'], fresh: ['new'] };
    expect(await feedback(filesWith(evidence([unit])), failedLoop())).toBe(
      [
        '# Feedback on iteration 1',
        'Verdict: failed. loopyard ran the checks on exactly the commit made from the worktree.',
        '## `unit` failed with exit code 1',
        '2 of 5 tests fail:',
        '```text\n- new [passes on the base]\n    new is wrong\n- old [fails on the base too]\n    old is wrong\n```',
        'The end of its output:',
        '```text\nthe end\n```',
      ].join('\n\n'),
    );
  });

  test('tells a worker that a protected file was judged as it is on the base', async () => {
    const changes = [
      { path: 'test/a.js', kind: 'modified', rule: 'tests', fate: 'restored' },
      { path: 'test/b.js', kind: 'added', rule: 'tests', fate: 'allowed' },
    ];
    const seen = { ...evidence([check('unit', 'boom', 1)]), protected: { count: 2, changes } };
    const text = await feedback(filesWith(seen), failedLoop());
    expect(text).toContain('```text\ntest/a.js (modified; tests)\n```');
    expect(text).not.toContain('test/b.js');
  });

  test('takes out of foreign text what it is told to', async () => {
    const seen = evidence([check('unit', 'the key is s3cret', 1)]);
    const text = await feedback(filesWith(seen), failedLoop(), (line) => line.replaceAll('s3cret', '***'));
    expect(text).toContain('the key is ***');
  });

  test('stands without evidence on disk', async () =>
    expect(await feedback(filesWith(), failedLoop())).toContain('Verdict: failed.'));

  test('is about the last iteration whose worker was not lost', async () => {
    const lost = failedLoop(
      { type: 'loop.iteration_started', id: 'l', iteration: 2, worker: 'w2' },
      { type: 'loop.worker_lost', id: 'l', reason: 'network', usage: {} },
    );
    expect(await feedback(filesWith(), lost)).toContain('# Feedback on iteration 1');
  });

  test('tells a bounced loop where the conflicts are', async () => {
    const bounced = aYard()
      .withLoop({ state: 'merging' })
      .record({ type: 'loop.bounced', id: 'l', reason: 'Conflicts in: a.ts', tip: 'f'.repeat(40) })
      .build();
    const text = await feedback(filesWith(), loopIn(bounced));
    expect(text).toContain('```text\nConflicts in: a.ts\n```');
    expect(text).toContain('merge, with conflict markers');
  });
});

describe('how a command ended', () => {
  test.each([
    [{ cause: 'exited', exitCode: 0 }, 'ended by itself'],
    [{ cause: 'exited', exitCode: 2 }, 'failed with exit code 2'],
    [{ cause: 'signalled', signal: 'SIGSEGV' }, 'was ended by SIGSEGV'],
    [{ cause: 'signalled' }, 'was ended by a signal'],
    [{ cause: 'timed_out' }, 'took longer than its time limit'],
    [{ cause: 'not_started' }, 'could not be started'],
    [{ cause: 'stopped', exitCode: 0 }, 'was interrupted'],
    [{ cause: 'lost' }, 'was interrupted'],
  ])('%j: %s', (end, words) => expect(how(end)).toBe(words));

  test('a command is never said to have passed: that word is a verdict', () => {
    for (const cause of endCauses) expect(how({ cause, exitCode: 0 })).not.toContain('passed');
  });
});
