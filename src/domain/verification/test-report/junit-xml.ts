import type { Printed, Reader, Section, TestFailure } from './section.ts';

/**
 * JUnit XML printed to the output, from any tool that writes it. The cases are counted, what their suites claim is not:
 * ```
 * <testsuite name="a" tests="3" failures="1" skipped="1">
 *   <testcase classname="sum" name="adds" time="0.01"/>
 *   <testcase classname="sum" name="carries"><failure message="10 is not 11">…</failure></testcase>
 *   <testcase classname="sum" name="later"><skipped/></testcase>
 * ```
 * Lines are cut at their longest length first, so that a report on a single line is read only up to there.
 */
export const junitXml: Reader = {
  format: 'junit xml',
  read: (printed) => {
    const first = printed.lines.findIndex((line) => /<testsuites?[\s>]/.test(line));
    return first === -1 ? [] : [cases(printed, first)];
  },
};

const tag =
  /<(\/?)(testcase|failure|error|skipped)\b((?:[^<>"']|"[^"<]{0,1900}"|'[^'<]{0,1900}'){0,60}?)(\/?)>/g;

function cases({ lines }: Printed, first: number): Section {
  const counts = { passed: 0, failed: 0, skipped: 0 };
  const failures: TestFailure[] = [];
  let current: { name: string; end: 'passed' | 'failed' | 'skipped'; message: string } | undefined;
  let to = first;
  const close = () => {
    if (!current) return;
    counts[current.end]++;
    if (current.end === 'failed') failures.push({ name: current.name, message: current.message });
    current = undefined;
  };
  for (let index = first; index < lines.length; index++) {
    for (const [, closing, name, attributes = '', empty] of (lines[index] ?? '').matchAll(tag)) {
      to = index;
      if (name === 'testcase') {
        close();
        if (closing) continue;
        const suite = attribute(attributes, 'classname');
        current = {
          name: [suite, attribute(attributes, 'name')].filter(Boolean).join(' '),
          end: 'passed',
          message: '',
        };
        if (empty) close();
      } else if (current && !closing && current.end !== 'failed') {
        current.end = name === 'skipped' ? 'skipped' : 'failed';
        current.message = attribute(attributes, 'message');
      }
    }
  }
  close();
  return { from: first, to, ...counts, failures };
}

const entities: Readonly<Record<string, string>> = {
  lt: '<',
  gt: '>',
  amp: '&',
  quot: '"',
  apos: "'",
  '#10': '\n',
};

function attribute(attributes: string, name: string): string {
  const [, double, single] = new RegExp(`(?:^|\\s)${name}=(?:"([^"]*)"|'([^']*)')`).exec(attributes) ?? [];
  return (double ?? single ?? '').replace(
    /&(\w{2,4}|#10);/g,
    (whole, entity: string) => entities[entity] ?? whole,
  );
}
