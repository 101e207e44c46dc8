import { expect, test } from 'vitest';
import { backend } from '../../src/backends/command.ts';
import type { WorkOrder } from '../../src/ports/backend.ts';

const order: WorkOrder = {
  promptFile: '/room/context/PROMPT.md',
  worktree: '/room/worktree',
  context: '/room/context',
  model: undefined,
  command: ['my-agent', '--flag', 'a b; $(c)', '*'],
  server: { command: 'node', args: [], env: {} },
  session: '00000000-0000-4000-8000-000000000000',
};

test('the words of the user are the argument vector, untouched by any shell', () => {
  expect(backend.launch(order)).toEqual({
    argv: ['my-agent', '--flag', 'a b; $(c)', '*'],
    promptOnStdin: true,
  });
});

test.each([undefined, [], ['']])('without a command it says so: %j', (command) => {
  expect(() => backend.launch({ ...order, command })).toThrow(
    expect.objectContaining({ code: 'INVALID_ARGUMENT' }),
  );
});
