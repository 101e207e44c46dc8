import { describe, expect, test } from 'vitest';
import type { Found } from '../../src/scaffold/plan.ts';
import {
  plannedProjectFile,
  plannedProjectFileRemoval,
  projectFile,
  schemaReference,
} from '../../src/scaffold/project-file.ts';
import { setSetting } from '../../src/scaffold/setting-edit.ts';

const checks = [{ name: 'test', command: 'npm test', because: 'package.json has it' }];
const schema = schemaReference('1.2.3', false);
const path = '/repo/loopyard.json';
const holding =
  (text: string | undefined) =>
  (real: string): Found => ({ real, text });
const made = projectFile({ checks, schema });

describe('the loopyard.json that init proposes', () => {
  test('is plain JSON with a schema where there is none yet', () => {
    const { files } = plannedProjectFile(path, holding(undefined), { checks, schema });
    expect(files).toMatchObject([{ path, platforms: [], before: undefined, after: made }]);
    expect(JSON.parse(made)).toEqual({
      $schema: 'https://unpkg.com/loopyard@1.2.3/dist/loopyard.schema.json',
      checks: { test: 'npm test' },
    });
  });

  test('is no file where nothing was found', () => {
    expect(plannedProjectFile(path, holding(undefined), { checks: [], schema })).toEqual({
      files: [],
      untouched: [],
    });
  });

  test.each(['{}', '{ "checks": {} }', '{ // mine\n "max_loops": 2, }', '{ "checks": '])(
    'leaves %s as it is',
    (existing) => {
      expect(plannedProjectFile(path, holding(existing), { checks, schema }).files).toEqual([]);
    },
  );

  test('is taken out while it is what was written, and kept once somebody has edited it', () => {
    const memory = { before: undefined, clean: true, after: made, shells: [[]] };
    expect(plannedProjectFileRemoval(path, holding(made), memory).files).toMatchObject([
      { after: undefined },
    ]);
    const edited = plannedProjectFileRemoval(path, holding(made.replace('npm test', 'make')), memory);
    expect(edited).toMatchObject({ files: [], untouched: [{ kept: true }] });
    const unknown = plannedProjectFileRemoval(path, holding(made), undefined);
    expect(unknown).toMatchObject({ files: [], untouched: [{ kept: true }] });
  });
});

describe('setting one key', () => {
  test.each([
    [undefined, '{\n  "max_loops": 3\n}\n'],
    ['{}', '{\n  "max_loops": 3\n}'],
    ['{ "max_loops": 9 /* why */ }', '{ "max_loops": 3 /* why */ }'],
    [
      '\ufeff{\r\n\t"place": "/x" // here\r\n}\r\n',
      '\ufeff{\r\n\t"place": "/x", // here\r\n\t"max_loops": 3\r\n}\r\n',
    ],
  ])('of %j', (before, after) => {
    expect(setSetting(before, 'max_loops', 3)).toEqual({ text: after });
  });

  test('twice changes nothing more', () => {
    const once = setSetting('{ "a": 1, }', 'b', [1, 'x']);
    expect(setSetting('text' in once ? once.text : '', 'b', [1, 'x'])).toEqual(once);
  });
});
