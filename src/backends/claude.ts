import { dirname, join } from 'node:path';
import * as z from 'zod';
import type { Fact } from '../domain/worker/run.ts';
import type { Backend } from '../ports/backend.ts';
import { lenient } from './reading/json.ts';
import { readJson } from './reading/json-reader.ts';
import { when } from './reading/mcp.ts';

const serverFile = 'claude-mcp.json';

const modes = {
  read_only: ['--permission-mode', 'dontAsk', '--allowedTools', 'mcp__loopyard', 'Read', 'Grep', 'Glob'],
  work: ['--permission-mode', 'acceptEdits', '--allowedTools', 'mcp__loopyard', 'Bash', 'Read'],
  skip_all: ['--permission-mode', 'bypassPermissions'],
} as const;

/**
 * Claude Code, headless.
 *
 * What a worker may do in `work`: read files, run any shell command (it has to run the project's tests), use loopyard's own tools,
 * and edit files inside its worktree and its context folder. Everything else that would ask a person is refused and
 * reported as denied: edits elsewhere or to Claude's own configuration, the web, other tools. A shell command is as
 * free as the user's own; who wants less uses Claude's sandbox settings or a container. The user's own settings,
 * CLAUDE.md, skills and permission rules still apply, with two exceptions: no hooks, because they are made for a person
 * at the keyboard, and no MCP server but ours, because the project's entry for loopyard would start a strategist's.
 *
 * The end of a session is the end of the iteration, so nothing may outlast it: no background tasks and no timers, which
 * keep the program alive and make it report several results, and no worktree of Claude's own, which would hide the work.
 */
export const backend: Backend = {
  id: 'claude',
  title: 'Claude Code',
  family: 'anthropic',
  probe: ['claude', '--version'],
  install: 'npm install -g @anthropic-ai/claude-code',
  tried: '2.1.329',
  clients: ['claude-code', 'claude-ai'],
  login: {
    variables: [
      'ANTHROPIC_API_KEY',
      'ANTHROPIC_AUTH_TOKEN',
      'CLAUDE_CODE_OAUTH_TOKEN',
      'CLAUDE_CODE_USE_BEDROCK',
      'CLAUDE_CODE_USE_VERTEX',
    ],
    files: [{ variable: 'CLAUDE_CONFIG_DIR', folder: '.claude', name: '.credentials.json' }],
    perhaps: [{ variable: 'CLAUDE_CONFIG_DIR', folder: '.claude', name: 'settings.json' }],
    how: 'run claude and type /login, or set ANTHROPIC_API_KEY',
  },
  permissions: {
    read_only: 'reads files and uses its tools that only look; no edits, no commands',
    work: 'edits its worktree and context folder, runs any command; everything else that would ask is refused',
    skip_all:
      'bypassPermissions: anything; refused by the program for root, unless IS_SANDBOX=1 says it is in a sandbox',
  },
  tools: true,
  usage: 'cost',
  resumes: true,
  nudges: userLine,
  /**
   * Login, address, and choices of the user that must not be lost on the way (a model, telemetry off). Credentials
   * that open more than a model, such as AWS keys, are left out: who needs them names them in `worker_env`.
   */
  env: [
    'ANTHROPIC_API_KEY',
    'ANTHROPIC_AUTH_TOKEN',
    'CLAUDE_CODE_OAUTH_TOKEN',
    'CLAUDE_CONFIG_DIR',
    'ANTHROPIC_BASE_URL',
    'ANTHROPIC_CUSTOM_HEADERS',
    'ANTHROPIC_MODEL',
    'ANTHROPIC_DEFAULT_OPUS_MODEL',
    'ANTHROPIC_DEFAULT_SONNET_MODEL',
    'ANTHROPIC_DEFAULT_HAIKU_MODEL',
    'ANTHROPIC_SMALL_FAST_MODEL',
    'CLAUDE_CODE_USE_BEDROCK',
    'AWS_BEARER_TOKEN_BEDROCK',
    'AWS_PROFILE',
    'AWS_REGION',
    'CLAUDE_CODE_USE_VERTEX',
    'ANTHROPIC_VERTEX_PROJECT_ID',
    'CLOUD_ML_REGION',
    'CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC',
    'DISABLE_TELEMETRY',
    'DISABLE_ERROR_REPORTING',
    'CLAUDE_CODE_MAX_RETRIES',
    'API_TIMEOUT_MS',
    'BASH_DEFAULT_TIMEOUT_MS',
    'BASH_MAX_TIMEOUT_MS',
    'CLAUDE_CODE_GIT_BASH_PATH',
    'IS_SANDBOX',
  ],

  launch({ promptFile, context, model, server, session, permissions = 'work', resume }) {
    return {
      argv: [
        ...(['claude', '-p', '--input-format', 'stream-json'] as const),
        ...['--output-format', 'stream-json', '--verbose'],
        ...(resume === undefined ? ['--session-id', session] : ['--resume', resume]),
        ...['--strict-mcp-config', '--mcp-config', join(dirname(promptFile), serverFile)],
        ...['--settings', JSON.stringify({ disableAllHooks: true })],
        ...modes[permissions],
        ...['--disallowedTools', 'EnterWorktree', 'ScheduleWakeup', 'CronCreate'],
        ...['--add-dir', context],
        ...when(model, '--model', model ?? ''),
      ],
      env: { CLAUDE_CODE_DISABLE_BACKGROUND_TASKS: '1', DISABLE_AUTOUPDATER: '1' },
      promptOnStdin: true,
      files: {
        // alwaysLoad: the few tools of a worker are shown at once instead of being hidden behind a search.
        [serverFile]: JSON.stringify({
          mcpServers: { loopyard: { type: 'stdio', ...server, alwaysLoad: true } },
        }),
      },
    };
  },

  reader: (now) =>
    readJson(now, (event) => {
      const { success, data } = Line.safeParse(event);
      if (!success) return [];
      switch (data.type) {
        case 'system':
          return systemFacts(data);
        case 'assistant':
          return assistantFacts(data);
        case 'rate_limit_event':
          return limitFacts(data);
        case 'command_lifecycle':
          return lifecycleFacts(data);
        case 'result':
          return resultFacts(data);
      }
    }),
};

/**
 * A user's message. One that comes while a turn goes on is shown to the model after the tool that runs, or starts a turn
 * of its own, with a result of its own. Only of one with an id the program tells what becomes of it.
 */
function userLine(text: string, id?: string): string {
  const message = { role: 'user', content: text };
  return JSON.stringify({ type: 'user', message, ...(id === undefined ? {} : { uuid: id }) });
}

const System = z.object({
  type: z.literal('system'),
  subtype: z.string(),
  session_id: lenient(z.string()),
  error: lenient(z.string()),
  error_status: lenient(z.number()),
});

const Assistant = z.object({
  type: z.literal('assistant'),
  message: z.object({
    content: z.array(z.object({ type: z.string(), text: lenient(z.string()), name: lenient(z.string()) })),
  }),
  parent_tool_use_id: lenient(z.string()),
  error: lenient(z.string()),
});

const Limit = z.object({
  type: z.literal('rate_limit_event'),
  rate_limit_info: z.object({
    status: z.string(),
    resetsAt: lenient(z.number()),
    rateLimitType: lenient(z.string()),
    isUsingOverage: lenient(z.boolean()),
  }),
});

const Lifecycle = z.object({
  type: z.literal('command_lifecycle'),
  command_uuid: z.string(),
  state: z.string(),
});

const tokens = z.number().int().nonnegative();
const ModelUsage = z.record(
  z.string(),
  z.object({
    inputTokens: tokens,
    outputTokens: tokens,
    cacheReadInputTokens: tokens.default(0),
    cacheCreationInputTokens: tokens.default(0),
    costUSD: z.number().nonnegative().default(0),
  }),
);

const Result = z.object({
  type: z.literal('result'),
  is_error: z.boolean(),
  result: lenient(z.string()),
  errors: lenient(z.array(z.string())),
  terminal_reason: lenient(z.string()),
  api_error: lenient(z.string()),
  api_error_status: lenient(z.number()),
  modelUsage: lenient(ModelUsage),
  model_usage_since_last_result: lenient(ModelUsage),
  permission_denials: lenient(
    z.array(
      z.object({
        tool_name: z.string(),
        tool_input: lenient(
          z.object({ file_path: z.string(), command: z.string(), url: z.string() }).partial(),
        ),
      }),
    ),
  ),
});
type Result = z.infer<typeof Result>;

const Line = z.discriminatedUnion('type', [System, Assistant, Limit, Lifecycle, Result]);

function systemFacts({ subtype, session_id, error, error_status }: z.infer<typeof System>): Fact[] {
  if (subtype === 'init' && session_id) return [{ type: 'session', id: session_id }];
  if (subtype !== 'api_retry') return [];
  const cause = error_status ? classOf(error_status, '') : 'network';
  return [{ type: 'retrying', class: cause, text: `${error ?? 'unknown'} (${error_status ?? 'no answer'})` }];
}

/** `started`: part of the next request to the model. `cancelled` never gets there. */
function lifecycleFacts({ command_uuid: id, state }: z.infer<typeof Lifecycle>): Fact[] {
  return [{ type: 'word', id, state: state === 'started' || state === 'completed' ? 'taken' : 'queued' }];
}

/** Errors come dressed as messages too; the result repeats them. What a subagent says is not the worker's word. */
function assistantFacts({ message, parent_tool_use_id, error }: z.infer<typeof Assistant>): Fact[] {
  if (error) return [];
  return message.content.flatMap(({ type, text, name }): Fact[] => {
    if (type === 'text' && text && !parent_tool_use_id) return [{ type: 'said', text }];
    return type === 'tool_use' && name ? [{ type: 'tool', name }] : [];
  });
}

/** The only line that tells when a subscription's limit ends; the result that follows has it as prose. */
function limitFacts({ rate_limit_info: limit }: z.infer<typeof Limit>): Fact[] {
  if (limit.status !== 'rejected' || limit.isUsingOverage) return [];
  const resetAt = limit.resetsAt ? { resetAt: Math.round(limit.resetsAt * 1000) } : {};
  return [
    { type: 'fatal', class: 'quota', text: `Limit reached: ${limit.rateLimitType ?? 'unnamed'}`, ...resetAt },
  ];
}

/** `subtype` says success for most failures, so only `is_error` counts. An abort was asked for and is no failure. */
function resultFacts(result: Result): Fact[] {
  const text = result.result ?? result.errors?.join('\n') ?? result.terminal_reason ?? '';
  const facts: Fact[] = usageFacts(result);
  for (const { tool_name, tool_input: input } of result.permission_denials ?? []) {
    const target = input?.file_path ?? input?.command ?? input?.url ?? '';
    facts.push({ type: 'denied', what: `${tool_name} ${target}`.trim().slice(0, 200) });
  }
  if (!result.is_error) return [...facts, { type: 'finished', text }];
  if (result.terminal_reason?.startsWith('aborted_')) return facts;
  return [...facts, { type: 'fatal', class: failureOf(result, text), text }];
}

/** Counted per model because the plain figures leave subagents out, and since the last result because facts add up. */
function usageFacts({ modelUsage, model_usage_since_last_result }: Result): Fact[] {
  const models = model_usage_since_last_result ?? modelUsage;
  if (!models) return [];
  const usage = { inputTokens: 0, outputTokens: 0, costUsd: 0 };
  for (const model of Object.values(models)) {
    usage.inputTokens += model.inputTokens + model.cacheReadInputTokens + model.cacheCreationInputTokens;
    usage.outputTokens += model.outputTokens;
    usage.costUsd += model.costUSD;
  }
  return [{ type: 'usage', usage }];
}

type FailureClass = Extract<Fact, { type: 'fatal' }>['class'];

function failureOf({ terminal_reason, api_error, api_error_status }: Result, text: string): FailureClass {
  if (terminal_reason === 'prompt_too_long' || terminal_reason === 'rapid_refill_breaker')
    return 'context_too_long';
  if (api_error === 'connection_failed') return 'network';
  return classOf(api_error_status ?? 0, text);
}

/** By status first; the wording decides only where the status is missing or says too little. */
function classOf(status: number, text: string): FailureClass {
  if (status === 401 || status === 403 || /^not logged in|\/login\b/i.test(text)) return 'authentication';
  if (
    status === 402 ||
    /credit balance|usage credits|^you've (hit|reached) your|out of (extra )?usage/i.test(text)
  ) {
    return 'quota';
  }
  if (status === 404) return 'model_unknown';
  if (status === 413) return 'context_too_long';
  if (status === 429) return 'rate_limit';
  return status >= 500 ? 'overloaded' : 'other';
}
