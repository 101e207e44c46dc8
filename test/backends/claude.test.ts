import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { backend } from '../../src/backends/claude.ts';
import type { Fact } from '../../src/domain/worker/run.ts';
import type { WorkOrder } from '../../src/ports/backend.ts';

const order: WorkOrder = {
  promptFile: '/room/context/PROMPT.md',
  worktree: '/room/worktree',
  context: '/room/context',
  model: undefined,
  command: undefined,
  server: { command: 'node', args: ['bin.js', 'mcp'], env: { LOOPYARD_LOOP: 'l1' } },
  session: '00000000-0000-4000-8000-000000000000',
};

test('the launch shows no server but ours, runs no hooks and leaves the model to the user', () => {
  const { argv, files } = backend.launch(order);
  expect(argv.join(' ')).toBe(
    'claude -p --input-format stream-json --output-format stream-json --verbose --session-id 00000000-0000-4000-8000-000000000000 ' +
      '--strict-mcp-config --mcp-config /room/context/claude-mcp.json --settings {"disableAllHooks":true} ' +
      '--permission-mode acceptEdits --allowedTools mcp__loopyard Bash Read ' +
      '--disallowedTools EnterWorktree ScheduleWakeup CronCreate --add-dir /room/context',
  );
  expect(JSON.parse(files?.['claude-mcp.json'] ?? '')).toEqual({
    mcpServers: {
      loopyard: {
        type: 'stdio',
        command: 'node',
        args: ['bin.js', 'mcp'],
        env: { LOOPYARD_LOOP: 'l1' },
        alwaysLoad: true,
      },
    },
  });
  expect(backend.launch({ ...order, model: 'opus' }).argv.slice(-2)).toEqual(['--model', 'opus']);
});

test('a recorded session is told fact by fact', () => {
  expect(transcript('claude.jsonl')).toMatchInlineSnapshot(`
    [
      {
        "id": "00000000-0000-4000-8000-000000000000",
        "type": "session",
      },
      {
        "name": "Write",
        "type": "tool",
      },
      {
        "name": "Write",
        "type": "tool",
      },
      {
        "name": "mcp__loopyard__report",
        "type": "tool",
      },
      {
        "text": "All done.",
        "type": "said",
      },
      {
        "type": "usage",
        "usage": {
          "costUsd": 0.0024000000000000002,
          "inputTokens": 400,
          "outputTokens": 40,
        },
      },
      {
        "type": "denied",
        "what": "Write /yard/outside.txt",
      },
      {
        "text": "All done.",
        "type": "finished",
      },
    ]
  `);
});

test('while it retries it says why', () => {
  expect(transcript('claude.overloaded.jsonl')).toContainEqual({
    type: 'retrying',
    class: 'overloaded',
    text: 'overloaded (529)',
  });
  expect(transcript('claude.network.jsonl')).toContainEqual({
    type: 'retrying',
    class: 'network',
    text: 'unknown (no answer)',
  });
});

test('the limit of a subscription comes with the time it ends', () => {
  expect(transcript('claude.quota-limit.jsonl')).toContainEqual({
    type: 'fatal',
    class: 'quota',
    text: 'Limit reached: five_hour',
    resetAt: 1_795_280_400_000,
  });
});

test('a limit that is near, or paid over, is not reached', () => {
  const event = (limit: object) => JSON.stringify({ type: 'rate_limit_event', rate_limit_info: limit });
  expect(read(event({ status: 'allowed_warning', resetsAt: 1_795_280_400 }))).toEqual([]);
  expect(read(event({ status: 'rejected', isUsingOverage: true }))).toEqual([]);
});

test('a session somebody interrupted neither finished nor failed', () => {
  expect(result({ is_error: true, terminal_reason: 'aborted_streaming', result: '' })).toEqual([]);
});

test.each([
  { status: 500, reason: 'api_error', text: 'API Error: 500', expected: 'overloaded' },
  { status: 413, reason: 'image_error', text: 'Request too large', expected: 'context_too_long' },
  { status: null, reason: 'rapid_refill_breaker', text: 'Full again', expected: 'context_too_long' },
  { status: null, reason: 'api_error', text: "API Error: JSON Parse error: Expected '}'", expected: 'other' },
])('a session that ended by $reason, $status, failed as $expected', ({ status, reason, text, expected }) => {
  const fields = { is_error: true, api_error_status: status, terminal_reason: reason, result: text };
  expect(result(fields)).toEqual([{ type: 'fatal', class: expected, text }]);
});

test('a session without final words says its errors', () => {
  const errors = ['Reached maximum number of turns (1)'];
  expect(result({ is_error: true, terminal_reason: 'max_turns', errors })).toEqual([
    { type: 'fatal', class: 'other', text: errors[0] },
  ]);
});

test('usage counts what the cache gave, per model, and since the last result only', () => {
  const model = {
    inputTokens: 10,
    outputTokens: 2,
    cacheReadInputTokens: 300,
    cacheCreationInputTokens: 4,
    costUSD: 0.5,
  };
  const since = {
    model_usage_since_last_result: { big: model, small: model },
    modelUsage: { big: { ...model, inputTokens: 9_999 } },
  };
  expect(result({ is_error: false, result: 'ok', ...since })).toEqual([
    { type: 'usage', usage: { inputTokens: 628, outputTokens: 4, costUsd: 1 } },
    { type: 'finished', text: 'ok' },
  ]);
});

test('what a subagent says is not the word of the worker, but its tools count as activity', () => {
  const content = [
    { type: 'text', text: 'Found it.' },
    { type: 'tool_use', name: 'Grep' },
  ];
  const line = { type: 'assistant', message: { content }, parent_tool_use_id: 'toolu_1' };
  expect(read(JSON.stringify(line))).toEqual([{ type: 'tool', name: 'Grep' }]);
});

const read = (line: string) => backend.reader(() => 0).line(line);

function result(fields: object): readonly Fact[] {
  return read(JSON.stringify({ type: 'result', subtype: 'success', ...fields }));
}

function transcript(name: string): Fact[] {
  const text = readFileSync(new URL(`../fixtures/transcripts/${name}`, import.meta.url), 'utf8');
  return text.split('\n').flatMap((line) => read(line));
}
