import { messageAfter } from './failures.ts';
import { endedSections, type Printed, type Reader, type Section, type TestFailure } from './section.ts';

/**
 * go test with -v or -json, where every test ends in a line of its own. A test with subtests is not counted besides
 * them; a package that was never reported as ended keeps what it listed.
 * ```
 * === RUN   TestTable/one
 * --- PASS: TestTable (0.00s)
 *     --- PASS: TestTable/one (0.00s)
 * ok  	example.com/sum/good	0.019s
 * ```
 * Without them go prints no counts at all, so that packages with tests are what is counted:
 * ```
 * --- FAIL: TestCarries (0.00s)
 *     sum_test.go:4: got 10, want 11
 * FAIL	example.com/sum	0.004s
 * ok  	example.com/sum/good	(cached)
 * ok  	example.com/sum/none	0.009s [no tests to run]
 * ?   	example.com/sum/empty	[no test files]
 * ```
 * What remains: -v tells the lines of a test from its own output by nothing but their shape.
 */
export const goTests: Reader = {
  format: 'go test',
  read: (printed) => {
    const found = eventsIn(printed.lines);
    const ran = new Set(found.filter(({ action }) => action === 'run').map(({ name }) => name));
    if (ran.size === 0 || printed.lines.some((line) => done.test(line))) return [];
    return section(
      printed,
      found.filter(({ action, name }) => action !== 'run' && ran.has(name)),
    );
  },
};

export const goPackages: Reader = {
  format: 'go test, packages',
  read: ({ lines }) => {
    if (lines.some((line) => /^=== RUN /.test(line) || eventOf(line) !== undefined || done.test(line)))
      return [];
    const packages = new Map<string, { index: number; failed: boolean }>();
    for (const [index, line] of lines.entries()) {
      const [, verdict, name, rest = ''] = /^(ok {2}|FAIL)\t(\S+)(?:[\t ](.*))?$/.exec(line) ?? [];
      if (name === undefined || rest.includes('[no tests to run]')) continue;
      packages.set(name, { index, failed: verdict === 'FAIL' });
    }
    if (packages.size === 0) return [];
    const all = [...packages.values()];
    const failed = all.filter((one) => one.failed).length;
    const failures = failuresIn(lines);
    const names = [...packages].filter(([, one]) => one.failed).map(([name]) => ({ name, message: '' }));
    return [
      {
        from: all[0]?.index ?? 0,
        to: all.at(-1)?.index ?? 0,
        passed: all.length - failed,
        failed,
        skipped: 0,
        failures: failures.length > 0 ? failures : names,
      },
    ];
  },
};

interface Event {
  readonly index: number;
  readonly action: 'run' | 'pass' | 'fail' | 'skip';
  /** The package, or a number for it, and the test. */
  readonly name: string;
}

/** -v names the package only after its tests, so that they are told apart by how many packages have ended before. */
function eventsIn(lines: readonly string[]): readonly Event[] {
  let ended = 0;
  return lines.flatMap((line, index) => {
    if (/^(?:ok {2}|FAIL)\t\S/.test(line)) ended++;
    return eventIn(line, index, ended);
  });
}

function eventIn(line: string, index: number, scope: number): readonly Event[] {
  const json = eventOf(line);
  if (json) return [{ index, ...json }];
  const [, started] = /^=== RUN +(\S+)$/.exec(line) ?? [];
  if (started !== undefined) return [{ index, action: 'run', name: `${scope} ${started}` }];
  const [, verdict, name = ''] = /--- (PASS|FAIL|SKIP): (\S+) \(\d+\.\d+s\)$/.exec(line) ?? [];
  if (verdict === undefined) return [];
  return [{ index, action: verdict.toLowerCase() as Event['action'], name: `${scope} ${name}` }];
}

function eventOf(line: string): { action: Event['action']; name: string } | undefined {
  if (!line.startsWith('{"') || !line.includes('"Action":"') || !line.includes('"Test":"')) return undefined;
  const field = (name: string) => new RegExp(`"${name}":"((?:[^"\\\\]|\\\\.){1,500})"`).exec(line)?.[1];
  const action = field('Action');
  if (action !== 'run' && action !== 'pass' && action !== 'fail' && action !== 'skip') return undefined;
  return { action, name: `${field('Package') ?? ''} ${field('Test') ?? ''}` };
}

function section({ lines }: Printed, ended: readonly Event[]): readonly Section[] {
  const parents = new Set(ended.flatMap(({ name }) => parentsOf(name)));
  const last = new Map(ended.filter(({ name }) => !parents.has(name)).map((event) => [event.name, event]));
  const leaves = [...last.values()];
  const count = (action: string) => leaves.filter((event) => event.action === action).length;
  const printed = new Map(failuresIn(lines).map(({ name, message }) => [name, message]));
  const failures = leaves
    .filter(({ action }) => action === 'fail')
    .slice(0, 100)
    .map(({ name }) => {
      const test = name.slice(name.indexOf(' ') + 1);
      return { name: test, message: printed.get(test) ?? jsonMessage(lines, test) };
    });
  return [
    {
      from: ended[0]?.index ?? 0,
      to: ended.at(-1)?.index ?? 0,
      passed: count('pass'),
      failed: count('fail'),
      skipped: count('skip'),
      failures,
    },
  ];
}

function parentsOf(name: string): readonly string[] {
  const slashes = [...name.slice(name.lastIndexOf(' ') + 1).matchAll(/\//g)].slice(0, 20);
  const offset = name.lastIndexOf(' ') + 1;
  return slashes.map(({ index }) => name.slice(0, offset + index));
}

/** What a failed test logged: with -v before its end, without it after. */
function failuresIn(lines: readonly string[]): readonly TestFailure[] {
  return lines.flatMap((line, index) => {
    const [, name] = /--- FAIL: (\S+) \(\d+\.\d+s\)$/.exec(line) ?? [];
    if (name === undefined) return [];
    const logged = (next: string) => /^\s{4,}\S+\.go:\d+: /.test(next);
    const after = messageAfter(lines, index + 1, (next) => !/^\s{4,}(?!--- )/.test(next));
    if (after !== '') return [{ name, message: after }];
    const before = lines.slice(Math.max(0, index - 12), index);
    return [{ name, message: messageAfter(before, before.findLastIndex((next) => !logged(next)) + 1) }];
  });
}

function jsonMessage(lines: readonly string[], name: string): string {
  const test = JSON.stringify(name);
  const said = lines.filter((line) => line.includes(`"Test":${test}`) && /\.go:\d+: /.test(line)).slice(0, 5);
  return said
    .map((line) => /"Output":"\s*((?:[^"\\]|\\.){0,500}?)(?:\\n)?"/.exec(line)?.[1] ?? '')
    .join('\n');
}

const done =
  /^DONE (?:\d+ runs, )?(\d{1,7}) tests?(?:, (\d{1,7}) skipped)?(?:, (\d{1,7}) failures?)?(?:, \d+ errors?)? in /;

/** gotestsum, whatever it prints above: `DONE 6 tests, 1 skipped, 1 failure in 0.104s`. */
export const gotestsum: Reader = {
  format: 'gotestsum',
  read: (printed) =>
    endedSections(printed, (index, after) => {
      const { lines } = printed;
      const said = done.exec(lines[index] ?? '');
      if (!said) return undefined;
      const [total, skipped, failed] = [Number(said[1]), Number(said[2] ?? 0), Number(said[3] ?? 0)];
      const passed = Math.max(0, total - skipped - failed);
      return {
        from: index,
        to: index,
        passed,
        failed,
        skipped,
        failures: failuresIn(lines.slice(after, index)),
      };
    }),
};
