import { describe, expect, test } from 'vitest';
import { projectFile, schemaReference } from '../../src/scaffold/project-file.ts';
import { setSetting } from '../../src/scaffold/setting-edit.ts';

const checks = [{ name: 'test', command: 'npm test', because: 'package.json has it' }];
const schema = schemaReference('1.2.3', false);

describe('the loopyard.json that init proposes', () => {
  test('is plain JSON with a schema where there is none yet', () => {
    const made = projectFile(undefined, { checks, schema });
    expect('text' in made && JSON.parse(made.text ?? '')).toEqual({
      $schema: 'https://unpkg.com/loopyard@1.2.3/dist/loopyard.schema.json',
      checks: { test: 'npm test' },
    });
  });

  test('is no file where nothing was found', () => {
    expect(projectFile(undefined, { checks: [], schema })).toEqual({ text: undefined });
  });

  test.each([
    '{ "checks": {} }',
    '{ // mine\n "checks": { "a": "b" }, }',
    '\ufeff{"checks":{"test":"other"}}\r\n',
  ])('leaves %s as it is: a person has chosen', (existing) => {
    expect(projectFile(existing, { checks, schema })).toEqual({ text: existing });
  });

  test('gets its checks in place where it says other things', () => {
    expect(projectFile('{\n  // mine\n  "max_loops": 2, // two\n}\n', { checks, schema })).toEqual({
      text: '{\n  // mine\n  "max_loops": 2, // two\n  "checks": {\n    "test": "npm test"\n  },\n}\n',
    });
  });

  test('is left alone when it is broken, with the place', () => {
    expect(projectFile('{\n "max_loops": ,\n}', { checks, schema })).toMatchObject({ line: 2, column: 15 });
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
