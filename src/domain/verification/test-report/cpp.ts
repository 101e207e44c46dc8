import { messageAfter } from './failures.ts';
import { believable, type Printed, type Reader, type Section, startedSections } from './section.ts';

/**
 * ctest. Each of its tests may be a whole test program, of which it shows the output only when asked:
 * ```
 * Test project /path/build
 * 2/4 Test #2: carries ..........................***Failed    0.01 sec
 * 67% tests passed, 1 tests failed out of 3
 * ```
 */
export const ctest: Reader = {
  format: 'ctest',
  read: (printed) =>
    startedSections(printed, /^Test project \S/, /^\d+% tests passed, /, (index, from) => {
      const { lines } = printed;
      const said = /^\d+% tests passed, (\d{1,7}) tests? failed out of (\d{1,7})$/.exec(lines[index] ?? '');
      if (!said) return undefined;
      const ended = lines.slice(from, index).flatMap((line) => {
        const [, name, end] =
          /^ *\d+\/\d+ +Test +#\d+: (\S.*?) \.*(?: +|\*\*\*)(Passed|[A-Z].*?) +\d+\.\d+ sec/.exec(line) ?? [];
        return name === undefined || end === undefined ? [] : [{ name, end }];
      });
      const skipped = ended.filter(({ end }) => /^(?:Skipped|Not Run \(Disabled\))/.test(end)).length;
      const inTotal = ended.filter(({ end }) => end.startsWith('Skipped')).length;
      const failed = Number(said[1]);
      const counts = { passed: Math.max(0, Number(said[2]) - failed - inTotal), failed, skipped };
      const failures = ended
        .filter(({ end }) => end !== 'Passed' && !/^(?:Skipped|Not Run \(Disabled\))/.test(end))
        .map(({ name, end }) => ({ name, message: end }));
      return { from, to: index, ...believable(printed, from, index, counts, ended.length), failures };
    }),
};

/**
 * GoogleTest:
 * ```
 * [==========] Running 3 tests from 1 test suite.
 * [       OK ] Sum.Adds (0 ms)
 * [==========] 3 tests from 1 test suite ran. (0 ms total)
 * [  PASSED  ] 1 test.
 * ```
 * The ends of tests are counted; a program that ended before its summary counts what it had listed.
 */
export const googletest: Reader = {
  format: 'googletest',
  read: (printed) =>
    startedSections(
      printed,
      /^\[={10}\] Running \d+ tests? from /,
      /^\[={10}\] \d{1,7} tests? from .* ran\./,
      (index, from) => googleSummary(printed, index, from),
    ),
};

function googleSummary({ lines, gap }: Printed, index: number, from: number): Section | undefined {
  const [, ran] =
    /^\[={10}\] (\d{1,7}) tests? from \d+ test (?:suites?|cases?) ran\./.exec(lines[index] ?? '') ?? [];
  if (ran === undefined) return undefined;
  const before = lines.slice(from, index);
  const named = (mark: string) =>
    before.flatMap((line, at) => {
      const [, name] = new RegExp(`\\[ +${mark} +\\] (\\S.{0,500}?) \\(\\d+ ms\\)$`).exec(line) ?? [];
      return name === undefined ? [] : [{ name, at }];
    });
  const failed = named('FAILED');
  const hidden = gap !== undefined && gap >= from && gap <= index;
  const skipped = named('SKIPPED').length;
  const passed = hidden ? Number(ran) - failed.length - skipped : Math.min(named('OK').length, Number(ran));
  const failures = failed.map(({ name, at }) => {
    const said = before.slice(Math.max(0, at - 100), at);
    const start = said.findLastIndex((line) => line.startsWith('[ RUN ')) + 1;
    return { name: name.replace(/, where .*$/, ''), message: messageAfter(said, start) };
  });
  return { from, to: index, passed: Math.max(0, passed), failed: failed.length, skipped, failures };
}
