import { headOf } from '../../text.ts';
import { junitXml } from './junit-xml.ts';
import { linesOf, streamsOf } from './lines.ts';
import { readers } from './readers.ts';
import { type Counts, none, type Printed, type Section, type TestFailure, totalOf } from './section.ts';

/** What one start of one runner counted. */
export interface RunnerReport {
  readonly format: string;
  readonly total: number;
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

/** What all runners in one output counted together. */
export interface TestReport extends RunnerReport {
  /** At most a hundred. Names and messages are foreign text. */
  readonly failures: readonly TestFailure[];
  /** The runners one by one, in the order of the readers and then of the output. */
  readonly runs: readonly RunnerReport[];
}

const mostFailures = 100;
const longestName = 300;
const longestMessage = 1_000;

/**
 * Reads counts and failing tests from what a check printed: head and tail, with or without a line for the gap between
 * them, coloured or not. Undefined when no runner is recognised, which says nothing about whether tests ran.
 *
 * The text comes from a process that also ran the candidate's code, so that no reading of it is proof. Each reader
 * asks for as much structure as its runner prints and believes the lower of two counts that contradict each other. A
 * program that prints everything its runner would have printed, and then ends the process before the runner can speak,
 * is believed. `contradiction` (comparison.ts) sees it when the runner speaks too.
 */
export function readReport(output: string): TestReport | undefined {
  const found = streamsOf(linesOf(output)).flatMap(sectionsOf);
  if (found.length === 0) return undefined;
  const sum = found.reduce<Counts>(
    (all, { section }) => ({
      passed: all.passed + section.passed,
      failed: all.failed + section.failed,
      skipped: all.skipped + section.skipped,
    }),
    none,
  );
  return {
    format: [...new Set(found.map(({ format }) => format))].join(', '),
    total: totalOf(sum),
    ...sum,
    failures: distinct(found.flatMap(({ section }) => section.failures)),
    runs: found.map(({ format, section }) => ({
      format,
      total: totalOf(section),
      passed: section.passed,
      failed: section.failed,
      skipped: section.skipped,
    })),
  };
}

interface Found {
  readonly format: string;
  readonly section: Section;
}

/** XML repeats what a runner has said in its own words, so it counts only where nothing else was recognised. */
function sectionsOf(printed: Printed): readonly Found[] {
  const found: Found[] = [];
  for (const { format, read } of readers) {
    const claimed = found.map(({ section }) => section);
    for (const section of read(printed)) {
      const within = claimed.some(({ from, to }) => section.to >= from && section.to <= to);
      if (!within) found.push({ format, section });
    }
  }
  if (found.length > 0) return found;
  return junitXml.read(printed).map((section) => ({ format: junitXml.format, section }));
}

function distinct(failures: readonly TestFailure[]): readonly TestFailure[] {
  const byName = new Map<string, TestFailure>();
  for (const { name, message } of failures) {
    const short = headOf(name, longestName);
    if (byName.size === mostFailures && !byName.has(short)) break;
    if ((byName.get(short)?.message ?? '') === '')
      byName.set(short, { name: short, message: headOf(message, longestMessage) });
  }
  return [...byName.values()];
}
