import type { Loop, Outcome } from '../domain/loop.ts';
import { readEvidence } from './evidence.ts';
import { fence, shorten } from './fence.ts';
import type { Runtime } from './runtime.ts';

/** Characters of foreign output in the feedback for one iteration. */
const budget = 4_000;

/** What the next worker is told about the last iteration: evidence first, fenced and bounded. Empty before the first. */
export async function feedback(rt: Pick<Runtime, 'files'>, loop: Loop): Promise<string> {
  const last = loop.outcomes.findLast((outcome) => outcome.result !== 'worker_lost');
  if (!last) return '';
  return [`# Feedback on iteration ${last.iteration}`, ...(await lines(rt, loop, last))].join('\n\n');
}

async function lines(rt: Pick<Runtime, 'files'>, loop: Loop, last: Outcome): Promise<readonly string[]> {
  switch (last.result) {
    case 'nothing_changed':
      return ['It changed no file, so there was nothing to check.', ...foreign(last.reason)];
    case 'bounced':
      return [
        'Its work passed the checks, but could not be merged with the target branch as it is now.',
        ...foreign(last.reason),
        afterBounce(loop, last),
        ...(await checkReports(rt, last)),
      ];
    case 'vetoed':
      return [
        'It passed the checks, and a reviewer who looked at it with other eyes objects. Mend what it names, or say in STATE.md why it is wrong.',
        ...foreign(last.reason),
      ];
    case 'worker_lost':
    case 'inconclusive':
    case 'passed':
      return [...foreign(last.reason)];
    case 'failed':
    case 'tampered':
      return [
        `Verdict: ${last.result}. loopyard ran the checks on exactly the commit made from the worktree.`,
        ...foreign(last.reason),
        ...(await checkReports(rt, last)),
      ];
  }
}

function afterBounce(loop: Loop, last: Outcome): string {
  const joined = loop.tip !== undefined && loop.tip !== loop.candidate?.commit;
  if (!joined) return 'Bring the work in line with the target branch.';
  return last.verification === undefined
    ? 'The worktree now holds the merge, with conflict markers in the files named above. Resolve them.'
    : 'The worktree now holds the merge with the target. Make the checks pass on it.';
}

async function checkReports(rt: Pick<Runtime, 'files'>, last: Outcome): Promise<readonly string[]> {
  const evidence = last.verification === undefined ? undefined : await readEvidence(rt, last.verification);
  if (!evidence) return [];
  const failing = evidence.checks.filter((check) => !check.passed);
  const share = Math.floor(budget / Math.max(1, failing.length));
  const passing = evidence.checks.filter((check) => check.passed).map(({ name }) => `\`${name}\``);
  return [
    ...failing.map(
      ({ name, end, note, tail }) =>
        `## \`${name}\` ${how(end)}\n\n${note === undefined ? '' : `${note}\n\n`}${fence(shorten(tail, share, 'tail'), 'text')}`,
    ),
    ...(passing.length > 0 ? [`Passed: ${passing.join(', ')}.`] : []),
    ...(evidence.notRun.length > 0
      ? [`Not reached: ${evidence.notRun.map((name) => `\`${name}\``).join(', ')}.`]
      : []),
  ];
}

/** How a command ended, in words. */
export function how(end: {
  cause: string;
  exitCode?: number | undefined;
  signal?: string | undefined;
}): string {
  switch (end.cause) {
    case 'exited':
      return end.exitCode === 0 ? 'ended by itself' : `failed with exit code ${end.exitCode}`;
    case 'signalled':
      return `was ended by ${end.signal ?? 'a signal'}`;
    case 'timed_out':
      return 'took longer than its time limit';
    case 'stalled':
      return 'gave no sign of life and was stopped';
    case 'not_started':
      return 'could not be started';
    default:
      return 'was interrupted';
  }
}

const foreign = (reason: string | undefined) =>
  reason === undefined ? [] : [fence(shorten(reason, 1_000), 'text')];
