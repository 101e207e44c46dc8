import { expect, test } from 'vitest';
import { mcpLine } from '../src/mcp-line.ts';

test.each([
  [['mcp'], {}],
  [['mcp', '--workspace', '/repo'], { workspace: '/repo' }],
  [['mcp', '--workspace=/repo'], { workspace: '/repo' }],
  [['mcp', '-C', '/repo'], { workspace: '/repo' }],
  [['-C', '/repo', 'mcp'], { workspace: '/repo' }],
  [['--workspace=/repo', 'mcp'], { workspace: '/repo' }],
])('%j serves', (argv, line) => expect(mcpLine(argv)).toEqual(line));

test.each([
  [[]],
  [['status']],
  [['-C', 'mcp', 'status']],
  [['help', 'mcp']],
  [['mcp', '--help']],
  [['start', 'mend it', '--check', 'mcp']],
])('%j is for another command, or asks for help', (argv) => expect(mcpLine(argv)).toBeUndefined());

test.each([
  [['--json', 'mcp'], '"--json"'],
  [['mcp', '--wrkspace=/repo'], '"--wrkspace"'],
  [['mcp', '/repo'], '"/repo"'],
  [['mcp', '--workspace'], '--workspace takes the path'],
  [['mcp', '--workspace='], '--workspace takes the path'],
])('%j is refused with the word that means nothing', (argv, word) =>
  expect(() => mcpLine(argv)).toThrow(
    expect.objectContaining({ code: 'INVALID_ARGUMENT', message: expect.stringContaining(word) }),
  ),
);
