import { expect, test } from 'vitest';
import { settingFlags } from '../src/settings-flags.ts';

test.each([
  [['status'], ['status'], {}],
  [
    ['--set', 'max_loops=8', 'status', '--set=stop-grace-seconds=1'],
    ['status'],
    {
      LOOPYARD_MAX_LOOPS: '8',
      LOOPYARD_STOP_GRACE_SECONDS: '1',
      LOOPYARD_FLAGS: 'max_loops,stop_grace_seconds',
    },
  ],
  [
    ['mcp', '--set', 'checks={"a":"b=c"}'],
    ['mcp'],
    { LOOPYARD_CHECKS: '{"a":"b=c"}', LOOPYARD_FLAGS: 'checks' },
  ],
  [['start', '--', '--set', 'x'], ['start', '--', '--set', 'x'], {}],
  [['x', '--settle'], ['x', '--settle'], {}],
])('%j is %j with %j', (argv, rest, env) => expect(settingFlags(argv)).toEqual({ argv: rest, env }));

test.each([
  [['--set'], 'takes a setting and its value'],
  [['--set', 'max_loops'], 'takes a setting and its value'],
  [['--set', 'max_lops=1'], 'did you mean "max_loops"'],
  [['--set=__proto__=1'], 'There is no setting "__proto__"'],
])('%j is refused', (argv, word) =>
  expect(() => settingFlags(argv)).toThrow(
    expect.objectContaining({ code: 'INVALID_ARGUMENT', message: expect.stringContaining(word) }),
  ),
);
