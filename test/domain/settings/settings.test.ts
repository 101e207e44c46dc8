import { describe, expect, test } from 'vitest';
import { Config } from '../../../src/domain/settings/config.ts';
import { inertBecause, trustChanges } from '../../../src/domain/settings/project-file.ts';
import {
  dangerousPart,
  type Layer,
  names,
  projectRuleOf,
  type SettingName,
  settle,
} from '../../../src/domain/settings/settings.ts';
import { defaultLimits } from '../../../src/domain/worker/budget.ts';

const layer = (source: Layer['source'], values: Layer['values']): Layer => ({ source, values });
const project = (values: Layer['values']) => layer('project', values);
const user = (values: Layer['values']) => layer('user', values);

function settled(name: SettingName, layers: readonly Layer[], trusted = true) {
  const found = settle(layers, trusted).settings.find((setting) => setting.name === name);
  if (!found) throw new Error(`no setting ${name}`);
  return found;
}

describe('which value of a setting holds', () => {
  test('a flag before the environment before the user before the default', () => {
    const layers = [
      user({ stop_grace_seconds: 1 }),
      layer('environment', { stop_grace_seconds: 2 }),
      layer('flag', { stop_grace_seconds: 3 }),
    ];
    for (const [count, value, source] of [
      [0, 10, 'default'],
      [1, 1, 'user'],
      [2, 2, 'environment'],
      [3, 3, 'flag'],
    ] as const) {
      expect(settled('stop_grace_seconds', layers.slice(0, count))).toMatchObject({
        value,
        sources: [source],
      });
    }
  });

  test.each([
    [
      'lowers a limit of the user',
      'max_loops',
      [user({ max_loops: 9 }), project({ max_loops: 3 })],
      3,
      ['project'],
      undefined,
    ],
    [
      'cannot raise a limit of the user',
      'max_loops',
      [user({ max_loops: 2 }), project({ max_loops: 3 })],
      2,
      ['user'],
      'The smaller holds: 2.',
    ],
    [
      'cannot raise a default either',
      'max_loops',
      [project({ max_loops: 50 })],
      4,
      ['default'],
      'The smaller holds: 4.',
    ],
    [
      'lowers single numbers of a budget',
      'limits',
      [user({ limits: { tokens: 9 } }), project({ limits: { tokens: 5, iterations: 3 } })],
      { tokens: 5, iterations: 3 },
      ['project', 'user'],
      undefined,
    ],
    [
      'cannot raise single numbers of a budget',
      'limits',
      [user({ limits: { tokens: 9 } }), project({ limits: { tokens: 50, iterations: 50 } })],
      { tokens: 9 },
      ['user'],
      'The smaller holds: iterations 10, tokens 9.',
    ],
    [
      'sets what the user has not',
      'check_timeout_minutes',
      [project({ check_timeout_minutes: 30 })],
      30,
      ['project'],
      undefined,
    ],
    [
      'does not touch what the user has set',
      'check_timeout_minutes',
      [user({ check_timeout_minutes: 5 }), project({ check_timeout_minutes: 30 })],
      5,
      ['user'],
      'You have set it yourself.',
    ],
    [
      'has no say in what is the user’s alone',
      'place',
      [project({ place: '/tmp/theirs' })],
      undefined,
      ['default'],
      'It is for a user to set, not for a repository.',
    ],
    [
      'adds names of variables',
      'check_env',
      [user({ check_env: ['A'] }), project({ check_env: ['B', 'A'] })],
      ['A', 'B'],
      ['project', 'user'],
      undefined,
    ],
    [
      'adds checks and never replaces one of the user',
      'checks',
      [user({ checks: { a: 'mine' } }), project({ checks: { a: 'theirs', b: 'new' } })],
      { a: 'mine', b: 'new' },
      ['project', 'user'],
      undefined,
    ],
  ] as const)('a trusted repository %s', (_, name, layers, value, sources, overruled) => {
    const found = settled(name, layers);
    expect(found).toMatchObject({ sources });
    expect(found.value).toEqual(value);
    expect(found.overruled).toBe(overruled);
  });

  test('what names a command, a variable or a path is inert until it is trusted; limits hold at once', () => {
    const theirs = {
      checks: { a: 'x' },
      check_env: ['B'],
      worker_env: ['C'],
      backend: 'claude',
      max_loops: 1,
    };
    const { config, settings } = settle([project(theirs)], false);
    expect(config).toEqual({ ...Config.parse({}), max_loops: 1 });
    expect(
      settings.filter(({ inert }) => inert !== undefined).map(({ name, inert }) => [name, inert]),
    ).toEqual([
      ['worker_env', ['C']],
      ['check_env', ['B']],
      ['backend', 'claude'],
      ['checks', { a: 'x' }],
    ]);
    expect(dangerousPart(theirs)).toEqual({ ...theirs, max_loops: undefined });
  });

  test('the configuration is what its settings say, and the defaults alone are valid', () => {
    const { config, settings, problems } = settle([], false);
    expect(problems).toEqual([]);
    expect(config).toEqual(Config.parse({}));
    expect(settings.find(({ name }) => name === 'limits')?.default).toEqual(defaultLimits);
    expect(settings.every(({ meaning }) => meaning !== '')).toBe(true);
  });
});

describe('what cannot be meant', () => {
  test('an unknown word is told with the words of its place, and its source is left out as a whole', () => {
    const { config, problems } = settle(
      [user({ max_lops: 1, max_loops: 9, limits: { iteratons: 3 } }), project({ max_loops: 2 })],
      false,
    );
    expect(problems.map(({ source, path, unknown }) => [source, path, unknown?.word])).toEqual([
      ['user', ['limits', 'iteratons'], 'iteratons'],
      ['user', ['max_lops'], 'max_lops'],
    ]);
    expect(problems[0]?.unknown?.known).toContain('iterations');
    expect(problems[1]?.unknown?.known).toEqual(names);
    expect(config.max_loops).toBe(2);
  });

  test('a wrong value is told with its path', () => {
    const { problems } = settle([project({ checks: { a: 5 } })], true);
    expect(problems).toMatchObject([{ source: 'project', path: ['checks', 'a'] }]);
  });

  test('no key of the language itself is a setting', () => {
    const hostile = JSON.parse('{"__proto__": {"max_loops": 1}, "constructor": 1, "toString": 2}') as object;
    const { config, problems } = settle([user({ ...hostile })], false);
    expect(problems.map(({ path }) => path)).toEqual([['__proto__'], ['constructor'], ['toString']]);
    expect(config.max_loops).toBe(4);
  });
});

test('every setting that a repository may use for running or reading something needs trust', () => {
  // Text and lists of text are what can name a command, a variable or a path.
  for (const name of names) {
    const { rule, trust } = projectRuleOf(name);
    const takesText = [['x'], { x: 'x' }, 'x'].some((value) => Config.shape[name].safeParse(value).success);
    // It names files that are judged more strictly, and runs and reads nothing.
    if (name === 'protected') continue;
    if (rule !== undefined && takesText) expect({ name, trust }).toEqual({ name, trust: true });
  }
});

test('a change since it was trusted is told per name', () => {
  expect(
    trustChanges({ checks: { a: '1', b: '2' }, check_env: ['A'] }, { checks: { a: '1', b: '3', c: '4' } }),
  ).toEqual(['checks.b was "2" and is "3"', 'checks.c is new: "4"', 'check_env is gone']);
  expect(trustChanges({ checks: {} }, { checks: {} })).toEqual([
    'nothing that runs, but other lines of the file',
  ]);
  expect(inertBecause({ state: 'changed' })).toContain('has changed');
  expect(inertBecause({ state: 'trusted' })).toBeUndefined();
});
