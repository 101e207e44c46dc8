import { expect, test } from 'vitest';
import { backend as codex } from '../../src/backends/codex.ts';
import { backend as gemini } from '../../src/backends/gemini.ts';

test('Codex: a command that its sandbox does not let write is told as denied, one that fails is not', () => {
  const ended = (aggregated_output: string) =>
    JSON.stringify({
      type: 'item.completed',
      item: {
        type: 'command_execution',
        command: 'echo x > y',
        aggregated_output,
        exit_code: 1,
        status: 'failed',
      },
    });
  const reader = codex.reader(() => 0);
  expect(reader.line(ended('/bin/bash: line 1: y: Read-only file system\n'))).toEqual([
    { type: 'denied', what: 'echo x > y' },
  ]);
  expect(reader.line(ended('1 test failed\n'))).toEqual([]);
});

test.each([
  ['plan mode', 'Access denied: plan path (/w/x) must be within the designated plans directory (/p).'],
  [
    'workspace',
    'Path not in workspace: Attempted path "/x" resolves outside the allowed workspace directories: /w',
  ],
])('Gemini CLI: a file that its %s does not let write is told as denied', (_, message) => {
  const error = { type: 'invalid_tool_params', message };
  const result = { type: 'tool_result', tool_id: 'write_file__call_1', status: 'error', error };
  expect(gemini.reader(() => 0).line(JSON.stringify(result))).toEqual([
    { type: 'denied', what: 'write_file' },
  ]);
});
