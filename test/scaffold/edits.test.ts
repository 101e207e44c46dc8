import { parse as parseToml } from '@decimalturn/toml-patch';
import fc from 'fast-check';
import { parse as parseJson } from 'jsonc-parser';
import { describe, expect, test } from 'vitest';
import { hasBlock, removeBlock, setBlock } from '../../src/scaffold/block-edit.ts';
import { jsonValueAt, missingJsonParents, removeJsonKey, setJsonKey } from '../../src/scaffold/json-edit.ts';
import { ownershipOf, ownText } from '../../src/scaffold/own-file.ts';
import { missingTomlParents, removeTomlKey, setTomlKey } from '../../src/scaffold/toml-edit.ts';
import { brokenJson, brokenToml, nastyJson, nastyMarkdown, nastyToml } from './nasty-files.ts';

const at = ['mcpServers', 'loopyard'];
const entry = { at, value: { command: 'node', args: ['/x y/bin.js', 'mcp'] }, defaults: { timeout: 60 } };
const table = { ...entry, at: ['mcp_servers', 'loopyard'] };

function textOf(edited: { text: string | undefined } | { refused: string }): string {
  if ('refused' in edited) throw new Error(edited.refused);
  return edited.text ?? '(gone)';
}

/** What is left of a text when the characters of another are taken out of it in order; undefined when they are not there. */
function without(text: string, inner: string): boolean {
  let at = 0;
  for (const char of text) if (char === inner[at]) at += 1;
  return at === inner.length;
}

describe('a key in JSON', () => {
  test.each(Object.entries(nastyJson))('%s: comes in and goes out without a trace', (_, text) => {
    const shells = missingJsonParents(text, at);
    const after = textOf(setJsonKey(text, entry));
    expect(parseJson(after.replace('\ufeff', ''), [], { allowTrailingComma: true })).toMatchObject({
      mcpServers: { loopyard: { command: 'node', args: ['/x y/bin.js', 'mcp'], timeout: 60 } },
    });
    expect(without(after, text.trim())).toBe(true);
    expect(textOf(setJsonKey(after, entry))).toBe(after);
    const back = textOf(removeJsonKey(after, at, shells));
    // Space inside an otherwise empty object is the only thing that may differ.
    expect(back.replace(/\{\s*\}/g, '{}')).toBe(text.replace(/\{\s*\}/g, '{}'));
  });

  test.each(Object.entries(nastyJson))('%s: looks like the file around it', (name, text) => {
    expect(textOf(setJsonKey(text, entry))).toMatchSnapshot(name);
  });

  test.each(Object.entries(brokenJson))(
    '%s: is refused with line and column',
    (_, { text, line, column }) => {
      expect(setJsonKey(text, entry)).toMatchObject({ refused: expect.any(String), line, column });
    },
  );

  test('in nothing makes a file, and taking it out leaves none', () => {
    for (const text of ['', ' \n', '\ufeff']) {
      const after = textOf(setJsonKey(text, entry));
      expect(JSON.parse(after.replace('\ufeff', ''))).toMatchObject({ mcpServers: { loopyard: {} } });
      expect(removeJsonKey(after, at, missingJsonParents(text, at))).toEqual({ text: undefined });
    }
  });

  test('in a file of comments keeps them, and gives them back', () => {
    const text = '// mine\n';
    const after = textOf(setJsonKey(text, entry));
    expect(after).toMatch(/^\/\/ mine\n\{\n/);
    expect(removeJsonKey(after, at, missingJsonParents(text, at))).toEqual({ text });
  });

  test('of ours is renewed, and what the person chose there stays', () => {
    const text =
      '{ "mcpServers": { "loopyard": { "command": "old", /* why */ "timeout": 9, "env": { "A": "b" } } } }';
    const after = textOf(setJsonKey(text, entry));
    expect(after).toBe(
      '{ "mcpServers": { "loopyard": { "command": "node", /* why */ "timeout": 9, "env": { "A": "b" }, "args": ["/x y/bin.js", "mcp"] } } }',
    );
  });

  test('goes alone when the person added others around it', () => {
    const after = textOf(setJsonKey('{}\n', entry));
    const edited = after
      .replace('"mcpServers": {', '"mcpServers": {\n    "first": {}, // 1')
      .replace(/\n {4}\}\n/, '\n    },\n    "last": {} // 2\n');
    expect(textOf(removeJsonKey(edited, at, [[], ['mcpServers']]))).toBe(
      '{\n  "mcpServers": {\n    "first": {}, // 1\n    "last": {} // 2\n  }\n}\n',
    );
  });

  test('comes and goes in any document that a program wrote', () => {
    const key = fc.string({ maxLength: 4 }).filter((name) => name !== '__proto__');
    const documents = fc.dictionary(key, fc.jsonValue({ maxDepth: 2, noUnicodeString: true }));
    fc.assert(
      fc.property(documents, fc.constantFrom(0, 2, 4, '\t'), fc.boolean(), (document, indent, nested) => {
        fc.pre(!JSON.stringify(document).includes('__proto__'));
        const whole = nested ? { ...document, mcpServers: document } : document;
        fc.pre(typeof (whole as Record<string, unknown>).mcpServers !== 'string');
        const text = JSON.stringify(whole, null, indent);
        const after = textOf(setJsonKey(text, entry));
        expect(textOf(removeJsonKey(after, at, missingJsonParents(text, at)))).toBe(text);
      }),
    );
  });
});

describe('a key in a document that people wrote', () => {
  const ending = fc.constantFrom('\n', '\r\n');
  const trivia = fc.constantFrom(
    '',
    ' ',
    '  ',
    '\n',
    '\n  ',
    '\n\n    ',
    '\t',
    ' /* a, "b": { */ ',
    " // it's }\n",
    '\n// c,\n  ',
  );
  const scalar = fc.constantFrom(
    '1',
    '-2.50e3',
    'true',
    'null',
    '"x"',
    '"// \\" {"',
    '[]',
    '[1,\n 2]',
    '"é"',
  );
  const key = fc.constantFrom('"a"', '"b c"', '"mcpServers2"', '"\\u0061b"', '"loopyard"', '""');
  const object = (inner: fc.Arbitrary<string>, depth: number): fc.Arbitrary<string> => {
    const value = depth === 0 ? scalar : fc.oneof(scalar, object(fc.constant(''), depth - 1));
    const property = fc.tuple(trivia, key, trivia, trivia, value, trivia).map((parts) => {
      const [before, name, colon, behind, text, after] = parts;
      return `${before}${name}${colon}:${behind}${text}${after}`;
    });
    return fc
      .tuple(
        fc.uniqueArray(property, { maxLength: 3, selector: (text) => /"[^"]*"/.exec(text)?.[0] }),
        inner,
        fc.nat(3),
        fc.boolean(),
        trivia,
      )
      .map(([properties, ours, at, comma, end]) => {
        const all = [...properties];
        if (ours !== '') all.splice(Math.min(at, all.length), 0, ours);
        return `{${all.join(',')}${comma && all.length > 0 ? ',' : ''}${end}}`;
      });
  };
  const ours = fc.oneof(
    fc.constant(''),
    fc
      .tuple(trivia, trivia, object(fc.constant(''), 0))
      .map(([before, behind, text]) => `${before}"mcpServers":${behind}${text}`),
  );
  const documents = fc
    .tuple(trivia, object(ours, 1), trivia, ending, fc.boolean())
    .map(([before, text, after, lineEnd, bom]) => {
      const whole = `${before}${text}${after}`.replaceAll('\n', lineEnd);
      return bom ? `\ufeff${whole}` : whole;
    });
  const squeezed = (text: string) => text.replace(/\{\s*\}/g, '{}');

  test('comes in beside everything else, and goes out without a trace', () => {
    fc.assert(
      fc.property(documents, (text) => {
        fc.pre(jsonValueAt(text, at) === undefined);
        const shells = missingJsonParents(text, at);
        const edited = setJsonKey(text, entry);
        // Two keys that are one to a parser, though written differently, are refused, and rightly so.
        if ('refused' in edited) {
          expect(edited.refused).toMatch(/twice|changing something else/);
          return;
        }
        const after = textOf(edited);
        expect(without(after, text)).toBe(true);
        expect(textOf(setJsonKey(after, entry))).toBe(after);
        expect(squeezed(textOf(removeJsonKey(after, at, shells)))).toBe(squeezed(text));
      }),
      { numRuns: 2_000 },
    );
  });
});

describe('a table in TOML', () => {
  test.each(Object.entries(nastyToml))('%s: comes in and goes out without a trace', (_, text) => {
    const after = textOf(setTomlKey(text, table));
    expect(parseToml(after).mcp_servers.loopyard).toEqual({
      command: 'node',
      args: ['/x y/bin.js', 'mcp'],
      timeout: 60,
    });
    expect(without(after, text)).toBe(true);
    expect(textOf(setTomlKey(after, table))).toBe(after);
    expect(textOf(removeTomlKey(after, table.at, missingTomlParents(text, table.at)))).toBe(text);
  });

  test.each(Object.entries(nastyToml))('%s: looks like TOML that a person would write', (name, text) => {
    expect(textOf(setTomlKey(text, table))).toMatchSnapshot(name);
  });

  test.each(Object.entries(brokenToml))('%s: is refused with its line', (_, { text, line }) => {
    expect(setTomlKey(text, table)).toMatchObject({ refused: expect.any(String), line });
  });

  test('of ours is renewed in place, with the comments and choices of the person', () => {
    const text =
      'a = 1\n[mcp_servers.loopyard] # mine\n# why\ncommand = "old"\ntimeout = 9 # short\n\n[b]\nc = 1\n';
    expect(textOf(setTomlKey(text, table))).toBe(
      'a = 1\n[mcp_servers.loopyard] # mine\n# why\ncommand = "node"\ntimeout = 9 # short\nargs = [ "/x y/bin.js", "mcp" ]\n\n[b]\nc = 1\n',
    );
  });

  test('goes with its sub-tables, and alone, when the person wrote around it', () => {
    const after = textOf(setTomlKey('a = 1\n', table));
    const edited = `# mine\n${after}\n[mcp_servers.loopyard.env]\nX = "1"\n\n# theirs\n[mcp_servers.other]\ncommand = "x"\n`;
    expect(textOf(removeTomlKey(edited, table.at, []))).toBe(
      '# mine\na = 1\n\n# theirs\n[mcp_servers.other]\ncommand = "x"\n',
    );
  });

  test('alone in a file takes the file with it', () => {
    const after = textOf(setTomlKey('', table));
    expect(removeTomlKey(after, table.at, [[], ['mcp_servers']])).toEqual({ text: undefined });
  });
});

describe('a table in a file that people wrote', () => {
  const roots = [
    'a = 1',
    '  b   =   0x1F # hex',
    'c = """\n[mcp_servers.loopyard]\n"""',
    "d = '#'",
    'e = [ # open\n  1,\n]',
    '# alone',
    '',
    'f.g = 1979-05-27',
  ];
  const tables = [
    '[mcp_servers.other]\ncommand = "x" # why',
    '[mcp_servers."loopyard two"]\ncommand = "y"',
    '[[list]]\nn = 1\n\n[[list]]\nn = 2',
    '# about t\n[ t ]\n\tu = { v = 1 }',
    '[projects.\'/x y\']\ntrust_level = "trusted"\n# end of it',
    '[w]',
  ];
  const documents = fc
    .tuple(
      fc.shuffledSubarray(roots),
      fc.shuffledSubarray(tables),
      fc.constantFrom('', '\n', '\n\n'),
      fc.constantFrom('\n', '\r\n'),
      fc.boolean(),
    )
    .map(([first, then, end, lineEnd, bom]) => {
      const whole = ([...first, ...then].join('\n') + end).replaceAll('\n', lineEnd);
      return bom ? `\ufeff${whole}` : whole;
    });

  test('comes in at the end, and goes out without a trace', () => {
    fc.assert(
      fc.property(documents, (text) => {
        const after = textOf(setTomlKey(text, table));
        expect(after.startsWith(text)).toBe(true);
        expect(textOf(setTomlKey(after, table))).toBe(after);
        const back = removeTomlKey(after, table.at, missingTomlParents(text, table.at));
        expect('text' in back && (back.text ?? text)).toBe(text);
      }),
      { numRuns: 500 },
    );
  });
});

describe('a block in Markdown', () => {
  test.each(Object.entries(nastyMarkdown))('%s: comes in and goes out without a trace', (_, text) => {
    const after = textOf(setBlock(text, 'Use it.\nOr not.', '1.2.3'));
    expect(hasBlock(after)).toBe(true);
    expect(after.startsWith(text)).toBe(true);
    expect(textOf(setBlock(after, 'Use it.\nOr not.', '1.2.3'))).toBe(after);
    expect(textOf(removeBlock(after))).toBe(text);
  });

  test('is renewed where the person moved it, and nothing else is', () => {
    const text = 'a\n<!-- loopyard:begin 0.1.0 -->\nold\n<!-- loopyard:end -->\nb\n';
    const after = textOf(setBlock(text, 'new', '0.2.0'));
    expect(after).toBe('a\n<!-- loopyard:begin 0.2.0 -->\nnew\n<!-- loopyard:end -->\nb\n');
    expect(textOf(removeBlock(after))).toBe('a\nb\n');
  });

  test.each([
    ['a begin without an end', 'a\n<!-- loopyard:begin 1 -->\nb\n'],
    ['an end without a begin', 'a\n<!-- loopyard:end -->\n'],
    [
      'two blocks',
      'a\n<!-- loopyard:begin 1 -->\n<!-- loopyard:end -->\n<!-- loopyard:begin 1 -->\n<!-- loopyard:end -->\n',
    ],
  ])('%s: is refused with its line', (_, text) => {
    expect(setBlock(text, 'x', '1')).toMatchObject({ refused: expect.any(String), line: expect.any(Number) });
    expect(removeBlock(text)).toMatchObject({ refused: expect.any(String) });
  });
});

describe('a file of ours', () => {
  test.each(['SKILL.md', 'loop.toml'])(
    '%s: knows itself, also with other line ends, and knows an edit',
    (name) => {
      const text = ownText(name, '---\nname: x\n---\n\nBody.\n', '1.2.3');
      expect(ownershipOf(text)).toBe('ours');
      expect(ownershipOf(text.replaceAll('\n', '\r\n'))).toBe('ours');
      expect(ownershipOf(text.replace('Body', 'My body'))).toBe('ours, edited');
      expect(ownershipOf(`${text}\nMore.\n`)).toBe('ours, edited');
      expect(ownershipOf('Body.\n')).toBe('foreign');
    },
  );
});
