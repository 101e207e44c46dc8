import type { Loop, Outcome } from '../../domain/loop.ts';
import { brief } from '../../domain/text.ts';
import { fence, shorten } from '../fence.ts';
import type { Runtime } from '../runtime.ts';
import { type Evidence, readEvidence } from '../verification/evidence.ts';

type Rt = Pick<Runtime, 'files'>;

/** Bytes of feedback for one iteration: it is a part of every prompt. */
const mostBytes = 4_096;

/**
 * Characters of foreign output in it, failing tests first and the end of the output for the rest: the first of these
 * with which the whole is small enough.
 */
const budgets = [2_800, 1_800, 1_000, 400, 100];

/** Failing checks that are told in detail. */
const mostChecks = 6;

/** Takes secrets out of foreign text before a model reads it. */
export type Redact = (text: string) => string;

/**
 * What the next worker is told about the last iteration: evidence first, fenced and bounded. Empty before the first.
 * Evidence is what was kept; `redact` is asked about every piece of it.
 */
export async function feedback(rt: Rt, loop: Loop, redact: Redact = (text) => text): Promise<string> {
  const told = loop.outcomes.filter((outcome) => outcome.result !== 'worker_lost');
  const last = told.at(-1);
  if (!last) return '';
  const before = told.slice(0, -1).findLast(({ verification }) => verification);
  const evidence = await evidenceOf(rt, last);
  const earlier = before && (await evidenceOf(rt, before));
  let text = '';
  for (const budget of budgets) {
    const teller = { loop, redact, evidence, earlier, budget };
    text = [`# Feedback on iteration ${last.iteration}`, ...lines(teller, last)].join('\n\n');
    if (new TextEncoder().encode(text).length <= mostBytes) break;
  }
  return text;
}

interface Teller {
  readonly loop: Loop;
  readonly redact: Redact;
  readonly evidence: Evidence | undefined;
  /** Of the last iteration before that was judged. */
  readonly earlier: Evidence | undefined;
  /** Characters of foreign output. */
  readonly budget: number;
}

function lines(teller: Teller, last: Outcome): readonly string[] {
  const foreign = (reason: string | undefined) =>
    reason === undefined ? [] : [fence(shorten(teller.redact(reason), Math.min(800, teller.budget)), 'text')];
  switch (last.result) {
    case 'nothing_changed':
      return ['It changed no file, so there was nothing to check.', ...foreign(last.reason)];
    case 'bounced':
      return [
        'Its work passed the checks, but could not be merged with the target branch as it is now.',
        ...foreign(last.reason),
        afterBounce(teller.loop, last),
        ...checkReports(teller),
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
        ...checkReports(teller),
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

function checkReports({ redact, evidence, earlier, budget }: Teller): readonly string[] {
  if (!evidence) return [];
  const failing = evidence.checks.filter((check) => !check.passed);
  const told = failing.slice(0, mostChecks);
  const share = Math.floor(budget / Math.max(1, told.length));
  return [
    ...overruledLines(evidence, redact, Math.min(600, budget)),
    ...told.map((check) => reportOf(check, earlier, share, redact)),
    ...named('Failed as well', failing.slice(mostChecks)),
    ...named(
      'Passed',
      evidence.checks.filter((check) => check.passed),
    ),
    ...named(
      'Not reached',
      evidence.notRun.map((name) => ({ name })),
    ),
  ];
}

function named(what: string, checks: readonly { readonly name: string }[]): readonly string[] {
  if (checks.length === 0) return [];
  const shown = checks.slice(0, 10).map(({ name }) => `\`${brief(name, 60)}\``);
  return [`${what}: ${shown.join(', ')}${checks.length > 10 ? ` and ${checks.length - 10} more` : ''}.`];
}

/** Evidence that cannot be read, such as another version's, must not keep the loop from its next iteration. */
const evidenceOf = async (rt: Rt, { verification }: Outcome) =>
  verification === undefined ? undefined : readEvidence(rt, verification).catch(() => undefined);

/** A worker that changed a test must learn that it changed nothing by it. */
function overruledLines({ protected: found }: Evidence, redact: Redact, limit: number): readonly string[] {
  const ignored = found?.changes.filter(({ fate }) => fate === 'restored' || fate === 'dropped') ?? [];
  if (ignored.length === 0) return [];
  const shown = ignored
    .slice(0, 10)
    .map(({ path, kind, rule }) => `${path} (${kind.replace('_', ' ')}; ${rule})`);
  const more = ignored.length > 10 ? [`and ${ignored.length - 10} more`] : [];
  return [
    'These files are protected: the checks saw them as they are on the base, whatever was done to them.',
    fence(shorten(redact([...shown, ...more].join('\n')), limit), 'text'),
  ];
}

type Check = Evidence['checks'][number];

function reportOf(check: Check, earlier: Evidence | undefined, share: number, redact: Redact): string {
  const { name, end, tail, note, remark, flaky } = check;
  const tests = failingTests(
    check,
    earlier?.checks.find((other) => other.name === name),
  );
  const list = redact(shorten(tests.join('\n'), Math.floor(share * 0.7)));
  const rest = share - list.length;
  const output = redact(shorten(tail, Math.max(rest, Math.floor(share * 0.3)), 'tail'));
  return [
    `## \`${brief(name, 80)}\` ${how(end)}`,
    ...(remark === undefined ? [] : [`It counts as failed: ${redact(remark)}`]),
    ...(note === undefined ? [] : [note]),
    ...(flaky ? ['It ended differently when it was run again on the same files: flaky.'] : []),
    ...(tests.length > 0 ? [counted(check), fence(list, 'text'), 'The end of its output:'] : []),
    fence(output, 'text'),
  ].join('\n\n');
}

function counted({ report }: Check): string {
  if (!report) return '';
  const skipped = report.skipped > 0 ? `, ${report.skipped} skipped` : '';
  return `${report.failed} of ${report.total} tests fail${skipped}:`;
}

/** New ones first: they are what this iteration did. Each with its message, indented. */
function failingTests({ report, preexisting, fresh }: Check, earlier: Check | undefined): readonly string[] {
  const before = earlier?.report && new Set(earlier.report.failures.map(({ name }) => name));
  const old = new Set(preexisting ?? []);
  const isNew = new Set(fresh ?? []);
  const rank = (name: string) =>
    isNew.has(name) ? 0 : before && !before.has(name) ? 1 : old.has(name) ? 3 : 2;
  return [...(report?.failures ?? [])]
    .sort((a, b) => rank(a.name) - rank(b.name))
    .map(({ name, message }) => {
      const marks = [
        ...(isNew.has(name) ? ['passes on the base'] : old.has(name) ? ['fails on the base too'] : []),
        ...(before && !before.has(name) ? ['new since the iteration before'] : []),
      ];
      const said = shorten(message.trim(), 300).replaceAll('\n', '\n    ');
      return `- ${name}${marks.length > 0 ? ` [${marks.join('; ')}]` : ''}${said ? `\n    ${said}` : ''}`;
    });
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
    case 'kept_waiting':
      return 'was kept waiting by its service and was stopped';
    case 'not_started':
      return 'could not be started';
    default:
      return 'was interrupted';
  }
}
