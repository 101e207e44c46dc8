import type { RunEnd } from '../worker/run.ts';
import { contradiction, ranNoTest } from './test-report/comparison.ts';
import type { TestReport } from './test-report/read-report.ts';
import { type Check, passed, started, type Verdict } from './verification.ts';

/** One run of one check, as far as it matters for the verdict. `report`: what its runner counted, if we know its format. */
export interface Seen {
  readonly end: RunEnd;
  readonly report?: TestReport | undefined;
  /** Its last words tell of a full disk: nobody's work caused that. */
  readonly diskFull?: boolean | undefined;
}

/** Everything that is known of one check. */
export interface CheckStory {
  readonly name: string;
  /** The run that counts: the second, when there were two. */
  readonly run: Seen;
  /** The run that did not pass and was tried once more. */
  readonly first?: Seen | undefined;
  /** The same check on the base commit. */
  readonly base?: Seen | undefined;
}

/** What the user's configuration and the loop's plan say about doubtful cases. */
export interface Rules {
  /** A check whose failing tests all failed on the base too passes. */
  readonly ignorePreexisting: boolean;
  readonly fewerTests: 'tampered' | 'report';
  readonly flaky: 'pass' | 'fail';
  /** The change was allowed to start more runners than the base does. */
  readonly newRunners: boolean;
}

export interface CheckJudgement {
  readonly name: string;
  readonly passed: boolean;
  /** Two runs of the same tree ended differently. */
  readonly flaky: boolean;
  /** Failing tests that failed on the base too, and those that did not. Without reports of both, both are empty. */
  readonly preexisting: readonly string[];
  readonly fresh: readonly string[];
  /** Why it did not pass, or passed, against its exit code; or what is strange about it. */
  readonly remark?: string;
  readonly tampered?: true;
}

export interface Judgement {
  readonly verdict: Verdict;
  readonly reason?: string;
  readonly checks?: readonly CheckJudgement[];
}

/** Tracked files that were written while the checks ran, and were not on the base. */
export interface Written {
  /** Protected ones that are not as they were. */
  readonly altered: readonly string[];
  /** Code that was other code for a moment; known only where there are no walls. */
  readonly putBack: readonly string[];
  /** Others, where there are no walls: with them nobody but the checks can have written. */
  readonly others: readonly string[];
}

/**
 * What the runs of all checks say. "We could not tell" is never "no": a check that did not run or was stopped by us
 * must not cost the loop an iteration. A check's own time limit is the check's answer: too slow is failed.
 * `written`: what became of tracked files meanwhile.
 */
export function judge(
  checks: readonly Check[],
  stories: readonly CheckStory[],
  rules: Rules,
  written: Partial<Written> = {},
): Judgement {
  if (stories.length === 0) return { verdict: 'inconclusive', reason: 'No check ran.' };
  for (const story of stories) {
    const reason = unjudgeable(story);
    if (reason !== undefined) return { verdict: 'inconclusive', reason };
  }
  const judged = stories.map((story) => judgeCheck(story, rules));
  const { altered = [], putBack = [], others = [] } = written;
  if (altered.length > 0) {
    const reason = `While the checks ran, protected files were altered: ${few(altered)}.`;
    return { verdict: 'tampered', reason, checks: judged };
  }
  if (putBack.length > 0) {
    const reason = `While the checks ran without a sandbox, files were written and put back: ${few(putBack)}. On the base they were not.`;
    return { verdict: 'tampered', reason, checks: judged };
  }
  const tampered = judged.find((check) => check.tampered);
  if (tampered) return { verdict: 'tampered', ...because(tampered), checks: judged };
  const failed = judged.filter((check) => !check.passed);
  if (failed.length > 0) {
    const remarked = failed.find(({ remark }) => remark !== undefined);
    return { verdict: 'failed', ...(remarked ? because(remarked) : {}), checks: judged };
  }
  if (stories.length < checks.length)
    return { verdict: 'inconclusive', reason: 'Not every check ran.', checks: judged };
  if (others.length > 0) {
    const reason = `While the checks ran without a sandbox, tracked files were altered: ${few(others)}. So this is not what was committed: if the checks write them, commit them as they leave them.`;
    return { verdict: 'failed', reason, checks: judged };
  }
  return { verdict: 'passed', checks: judged };
}

const because = ({ name, remark }: CheckJudgement) => ({ reason: `The check "${name}": ${remark ?? ''}` });

/** Why a run says nothing about the work, or undefined. */
function unjudgeable({ name, run, base }: CheckStory): string | undefined {
  const { end } = run;
  if (!started(end)) {
    // On the base commit it could be started, so the candidate took its program away.
    if (base !== undefined && started(base.end)) return undefined;
    return `The check "${name}" could not be started: its program was not found.`;
  }
  if (end.outOfMemory) return `The check "${name}" was killed while the system ran out of memory.`;
  if (end.cause === 'stopped' || end.cause === 'lost')
    return `The check "${name}" was interrupted before it ended.`;
  if (run.diskFull && !passed(end) && !base?.diskFull) return `The check "${name}" found the disk full.`;
  return undefined;
}

function judgeCheck(story: CheckStory, rules: Rules): CheckJudgement {
  const { name, run, first, base } = story;
  const { report } = run;
  const failing = namesOf(report);
  const before = namesOf(base?.report);
  const compared = report !== undefined && base?.report !== undefined;
  const preexisting = compared ? [...failing].filter((test) => before.has(test)) : [];
  const fresh = compared ? [...failing].filter((test) => !before.has(test)) : [];
  const flaky = first !== undefined && endsDifferently(first, run);
  const about = { name, flaky, preexisting, fresh };
  if (!passed(run.end)) {
    if (!rules.ignorePreexisting || !allPreexisting(story)) return { ...about, passed: false };
    const remark = `it fails, but only in tests that failed on the base too (${few(preexisting)}), and those do not count here.`;
    return { ...about, passed: true, remark };
  }
  if (report && ranNoTest(report)) {
    return { ...about, passed: false, remark: 'it ended with 0, but ran no test.' };
  }
  const lacking = missingTests(run, base, rules);
  if (lacking) {
    const grave = lacking.grave && rules.fewerTests === 'tampered';
    return {
      ...about,
      passed: !grave,
      remark: lacking.remark,
      ...(grave ? { tampered: true as const } : {}),
    };
  }
  if (hidesFailures(run, base)) {
    const remark = `it ended with 0, but its runner counted ${report?.failed ?? 0} failed: something changed the exit code.`;
    return { ...about, passed: false, remark, tampered: true };
  }
  if (flaky) {
    const remark = 'it failed once and passed when run again on the same files: flaky.';
    return { ...about, passed: rules.flaky === 'pass', remark };
  }
  return { ...about, passed: true };
}

/**
 * Whether a runner counted failures and the check ended well all the same. Of each kind of runner the last counts, because
 * tests of test tools report failures before it; and where the base failed, as many failures as there do too. A base that
 * ended well in spite of failures tolerates them. Without a base the exit code is all that the caller asked for.
 */
function hidesFailures({ report }: Seen, base: Seen | undefined): boolean {
  if (!report || report.failed === 0 || !base?.report) return false;
  if (!passed(base.end) && report.failed >= base.report.failed) return true;
  for (const { format } of base.report.runs) {
    const [before, now] = [lastOf(base.report, format), lastOf(report, format)];
    if (now > 0 && (before === 0 || !passed(base.end))) return true;
  }
  return false;
}

const lastOf = ({ runs }: TestReport, format: string) =>
  runs.findLast((run) => run.format === format)?.failed ?? 0;

/** How the report of a passing run contradicts the base's; `grave` unless a base that broke off early explains it. */
function missingTests(
  { report }: Seen,
  base: Seen | undefined,
  { newRunners }: Pick<Rules, 'newRunners'>,
): { readonly remark: string; readonly grave: boolean } | undefined {
  const before = base?.report;
  const found = contradiction(before, report, { newRunners });
  if (!base || !before || found === undefined) return undefined;
  // It had not come to the tests that it skips, no more than to those that run now.
  const explained =
    !passed(base.end) && report !== undefined && report.total > before.total && ran(report) >= ran(before);
  return { remark: found.replace(/^The b/, 'the b'), grave: !explained };
}

const ran = ({ passed, failed }: TestReport) => passed + failed;

/** Only when every failing test is known by name: what a runner did not name may be anything. */
function allPreexisting({ run, base }: CheckStory): boolean {
  const { report, end } = run;
  if (!report || !base?.report || end.cause !== 'exited' || passed(base.end)) return false;
  const before = namesOf(base.report);
  const names = namesOf(report);
  return (
    report.failed > 0 &&
    report.failures.length >= report.failed &&
    [...names].every((name) => before.has(name)) &&
    contradiction(base.report, report) === undefined
  );
}

/**
 * Whether one more run can tell something: it did not pass, and what failed did not fail on the base. One that was too
 * slow would only be slow again.
 */
export function worthRepeating({ run, base }: Pick<CheckStory, 'run' | 'base'>): boolean {
  const { end, report } = run;
  if (passed(end) || !started(end) || run.diskFull) return false;
  if (end.cause !== 'exited' && end.cause !== 'signalled') return false;
  if (!base || passed(base.end)) return true;
  const before = namesOf(base.report);
  return (
    report !== undefined &&
    base.report !== undefined &&
    [...namesOf(report)].some((name) => !before.has(name))
  );
}

function endsDifferently(one: Seen, other: Seen): boolean {
  if (passed(one.end) !== passed(other.end)) return true;
  if (one.report && other.report) {
    const [a, b] = [namesOf(one.report), namesOf(other.report)];
    return a.size !== b.size || [...a].some((name) => !b.has(name));
  }
  return one.end.exitCode !== other.end.exitCode || one.end.signal !== other.end.signal;
}

const namesOf = (report: TestReport | undefined) => new Set(report?.failures.map(({ name }) => name) ?? []);

function few(names: readonly string[]): string {
  const shown = names.slice(0, 5).map((name) => name.slice(0, 120));
  return names.length > 5 ? `${shown.join(', ')} and ${names.length - 5} more` : shown.join(', ');
}
