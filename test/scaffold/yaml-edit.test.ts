import { describe, expect, test } from 'vitest';
import yaml from 'yaml';
import { missingYamlParents, removeYamlKey, setYamlKey, yamlValueAt } from '../../src/scaffold/yaml-edit.ts';
import { brokenYaml, nastyYaml, nastyYamlLists } from './nasty-files.ts';

const map = {
  at: ['extensions', 'loopyard'],
  value: { type: 'stdio', cmd: 'node', args: ['/x y/bin.js', 'mcp'] },
  defaults: { enabled: true, timeout: 300 },
};
const list = {
  at: ['mcpServers', 'loopyard'],
  by: 'name',
  value: { command: 'node', args: ['/x y/bin.js', 'mcp'] },
  defaults: {},
};

function textOf(edited: { text: string | undefined } | { refused: string }): string {
  if ('refused' in edited) throw new Error(edited.refused);
  return edited.text ?? '(gone)';
}

/** Whether the characters of one text stand in another in their order. */
function holds(text: string, inner: string): boolean {
  let at = 0;
  for (const char of text) if (char === inner[at]) at += 1;
  return at === inner.length;
}

describe.each([
  { kind: 'a map', files: nastyYaml, key: map },
  { kind: 'a list', files: nastyYamlLists, key: list },
])('an entry in $kind of YAML', ({ files, key }) => {
  test.each(Object.entries(files))('%s: comes in and goes out without a trace', (name, text) => {
    const shells = missingYamlParents(text, key.at);
    const after = textOf(setYamlKey(text, key));
    expect(after).toMatchSnapshot(name);
    expect(yamlValueAt(after, key)).toMatchObject({ ...key.value, ...key.defaults });
    expect(holds(after, text)).toBe(true);
    expect(textOf(setYamlKey(after, key))).toBe(after);
    expect(textOf(removeYamlKey(after, key, shells))).toBe(text);
  });

  test('in nothing makes a file, and taking it out leaves none', () => {
    for (const text of ['', '\n']) {
      const after = textOf(setYamlKey(text, key));
      expect(yaml.parse(after)).toBeTypeOf('object');
      expect(removeYamlKey(after, key, missingYamlParents(text, key.at))).toEqual({ text: undefined });
    }
  });

  test('is renewed, and what the person chose or wrote around it stays', () => {
    const first = textOf(setYamlKey('a: 1 # one\n', key));
    const edited = first
      .replace(/(\n +)args: .*/, '$1args: [old] # why$1env: {A: b}')
      .concat('\n# behind\nz: 2\n');
    const after = textOf(setYamlKey(edited, { ...key, defaults: {} }));
    expect(after).toBe(edited.replace('[old]', '["/x y/bin.js", "mcp"]'));
    expect(textOf(removeYamlKey(after, key, [[key.at[0] ?? '']]))).toMatch(
      /^a: 1 # one\n\s*# behind\nz: 2\n$/,
    );
  });
});

test.each(Object.entries(brokenYaml))('%s: is refused with line and column', (_, { text, line, column }) => {
  expect(setYamlKey(text, map)).toMatchObject({ refused: expect.any(String), line, column });
});

test('an entry of ours that is an alias is nobody’s to edit', () => {
  const text = 'other: &o {cmd: x}\nextensions:\n  loopyard: *o\n';
  expect(setYamlKey(text, map)).toMatchObject({ refused: expect.stringContaining('alias'), line: 3 });
});
