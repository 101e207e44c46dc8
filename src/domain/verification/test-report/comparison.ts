import type { RunnerReport, TestReport } from './read-report.ts';

/**
 * Why the counts of a run that passed contradict those of the base run, as a sentence, or undefined. Only for runs that
 * passed: one that failed has an answer already, and a file that cannot be loaded takes its tests with it.
 *
 * The same command on the same manifests starts the same runners, so a runner that reports more often than on base has
 * been imitated: then its last reports are compared, because a program under test prints before its runner does.
 * `newRunners` says that the change was allowed to add some. A format that base did not have counts for nothing.
 */
export function contradiction(
  base: TestReport | undefined,
  now: TestReport | undefined,
  { newRunners = false }: { readonly newRunners?: boolean } = {},
): string | undefined {
  if (!base || base.total === 0) return undefined;
  if (!now)
    return `The base commit's run reported ${tests(base.total)}, this run reported none, although it passed.`;
  for (const format of new Set(base.runs.map((run) => run.format))) {
    const before = base.runs.filter((run) => run.format === format);
    const all = now.runs.filter((run) => run.format === format);
    const imitated = !newRunners && all.length > before.length;
    const sentence = difference(format, sum(before), sum(imitated ? all.slice(-before.length) : all));
    if (sentence === undefined) continue;
    return imitated
      ? `${sentence} Further reports of ${format} came before and were not believed.`
      : sentence;
  }
  return undefined;
}

/** Whether a runner was recognised and ran nothing, skipped tests being nothing: never a reason to pass. */
export function ranNoTest(report: TestReport): boolean {
  return report.passed + report.failed === 0;
}

function difference(format: string, base: RunnerReport, now: RunnerReport): string | undefined {
  if (now.total < base.total) {
    return `${format} reported ${tests(now.total)}, ${base.total} on the base commit.`;
  }
  if (now.skipped > base.skipped) {
    return `${format} skipped ${tests(now.skipped)}, ${base.skipped} on the base commit.`;
  }
  return undefined;
}

const tests = (count: number) => (count === 1 ? '1 test' : `${count} tests`);

function sum(runs: readonly RunnerReport[]): RunnerReport {
  const add = (kind: 'total' | 'passed' | 'failed' | 'skipped') =>
    runs.reduce((all, run) => all + run[kind], 0);
  return {
    format: '',
    total: add('total'),
    passed: add('passed'),
    failed: add('failed'),
    skipped: add('skipped'),
  };
}
