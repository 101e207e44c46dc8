import { dirname, join } from 'node:path';
import * as z from 'zod';
import type { Fact } from '../domain/worker/run.ts';
import type { Backend } from '../ports/backend.ts';
import { fatal, retrying } from './reading/failure.ts';
import { count, lenient } from './reading/json.ts';
import { readJson } from './reading/json-reader.ts';
import { when } from './reading/mcp.ts';
import { usageFacts } from './reading/usage.ts';

/**
 * Not the name of the project's entry: a settings file in a folder that others may write to is ignored by the program,
 * and the project's entry must not be the one that is started then.
 */
const serverName = 'loopyard_worker';
const settingsFile = 'gemini-settings.json';
const policyFile = 'gemini-policy.toml';

const modes = {
  read_only: ['--approval-mode', 'plan'],
  work: ['--approval-mode', 'auto_edit'],
  skip_all: ['--approval-mode', 'yolo'],
} as const;

/**
 * Gemini CLI, headless.
 *
 * There is no option for a server of one run, so the settings of the system, which go before the project's, are a file
 * of ours. In `work` a policy allows edits and shell commands; what would still ask is not offered to the model.
 * The relaunch is off: a program that starts itself again in a child outlives the kill of the first.
 */
export const backend: Backend = {
  id: 'gemini',
  title: 'Gemini CLI',
  family: 'google',
  probe: ['gemini', '--version'],
  install: 'npm install -g @google/gemini-cli',
  tried: '0.61.0',
  clients: ['gemini-cli-mcp-client', 'gemini-cli'],
  login: {
    variables: ['GEMINI_API_KEY', 'GOOGLE_API_KEY', 'GOOGLE_GENAI_USE_VERTEXAI', 'GOOGLE_GENAI_USE_GCA'],
    files: [{ folder: '.gemini', name: 'oauth_creds.json' }],
    perhaps: [
      { folder: '.gemini', name: '.env' },
      { folder: '.gemini', name: 'settings.json' },
    ],
    how: 'run gemini and choose a login, or set GEMINI_API_KEY',
  },
  permissions: {
    read_only: 'plan mode: tools that only look',
    work: 'edits in the worktree and the context folder, any command; other tools that would ask are not offered',
    skip_all: 'yolo: every tool without asking; its file tools stay in the worktree and the context folder',
  },
  tools: true,
  usage: 'tokens',
  resumes: true,
  nudges: false,
  env: [
    'GEMINI_API_KEY',
    'GOOGLE_API_KEY',
    'GEMINI_MODEL',
    'GOOGLE_GEMINI_BASE_URL',
    'GOOGLE_GENAI_USE_VERTEXAI',
    'GOOGLE_GENAI_USE_GCA',
    'GOOGLE_CLOUD_PROJECT',
    'GOOGLE_CLOUD_LOCATION',
    'GEMINI_CLI_HOME',
  ],

  launch({ promptFile, context, model, server, session, permissions = 'work', resume }) {
    const folder = dirname(promptFile);
    return {
      argv: [
        ...(['gemini', '-o', 'stream-json', '--skip-trust'] as const),
        ...(resume === undefined ? ['--session-id', session] : ['--resume', resume]),
        ...modes[permissions],
        ...when(permissions === 'work', '--policy', join(folder, policyFile)),
        ...['--allowed-mcp-server-names', serverName],
        ...['--include-directories', context],
        ...when(model, '-m', model ?? ''),
      ],
      env: { GEMINI_CLI_NO_RELAUNCH: 'true', GEMINI_CLI_SYSTEM_SETTINGS_PATH: join(folder, settingsFile) },
      promptOnStdin: true,
      files: {
        [settingsFile]: JSON.stringify({
          general: { enableAutoUpdate: false, enableAutoUpdateNotification: false },
          mcpServers: { [serverName]: { ...server, trust: true } },
        }),
        [policyFile]: policy,
      },
    };
  },

  reader(now) {
    let saying = '';
    let said = '';
    let trouble = '';
    let failed: string | undefined;
    let status: number | undefined;
    /** An answer comes in pieces; it is whole when something else follows. */
    const flush = (): Fact[] => {
      const text = saying;
      saying = '';
      if (text.trim() === '') return [];
      said = text;
      return [{ type: 'said', text }];
    };
    const reader = readJson(
      now,
      (event) => {
        const { success, data } = Event.safeParse(event);
        if (!success) return [];
        if (data.type === 'message') {
          if (data.role === 'assistant') saying += data.content;
          return [];
        }
        const facts = flush();
        switch (data.type) {
          case 'init':
            return [...facts, { type: 'session', id: data.session_id }];
          case 'tool_use':
            return [...facts, { type: 'tool', name: data.tool_name }];
          case 'tool_result':
            return [...facts, ...denials(data)];
          case 'error':
            trouble = data.message;
            return facts;
          case 'result': {
            const { input_tokens, output_tokens } = data.stats ?? {};
            facts.push(...usageFacts(input_tokens, output_tokens));
            if (data.status === 'success') return [...facts, { type: 'finished', text: said }];
            failed = data.error?.message ?? (trouble || 'It failed without a word.');
            return facts;
          }
        }
      },
      {
        errorLine(text) {
          const attempt = /^Attempt \d+ failed(?: with status (\d{3}))?/.exec(text);
          // A failure that is not tried again comes as an object, with the status as a field of it.
          const [, told] = attempt ?? /^ {2}(?:code|status): (\d{3}),?$/.exec(text) ?? [];
          if (attempt || told) status = told ? Number(told) : undefined;
          return attempt ? [retrying(text.slice(0, 400), status)] : [];
        },
      },
    );
    return {
      ...reader,
      // Its words often leave out the status, which the exit code and the earlier attempts tell.
      end(exitCode) {
        if (failed === undefined) return reader.end?.(exitCode) ?? [];
        const told = statusOf(exitCode) ?? status;
        return [fatal(failed, now(), told === undefined ? {} : { status: told })];
      },
    };
  },
};

/** It exits with the HTTP status modulo 256. What is below 144 is 400 and more only for the few from 512 on. */
function statusOf(exitCode: number): number | undefined {
  if (exitCode >= 144) return exitCode + 256;
  return exitCode === 17 ? 529 : undefined;
}

const policy = ['run_shell_command', 'write_file', 'replace']
  .map((tool) => `[[rule]]\ntoolName = "${tool}"\ndecision = "allow"\npriority = 500\n`)
  .join('\n');

const Event = z.discriminatedUnion('type', [
  z.object({ type: z.literal('init'), session_id: z.string() }),
  z.object({ type: z.literal('message'), role: z.string(), content: z.string() }),
  z.object({ type: z.literal('tool_use'), tool_name: z.string() }),
  z.object({
    type: z.literal('tool_result'),
    tool_id: z.string(),
    error: lenient(z.object({ type: lenient(z.string()), message: lenient(z.string()) })),
  }),
  z.object({ type: z.literal('error'), message: z.string() }),
  z.object({
    type: z.literal('result'),
    status: z.string(),
    error: lenient(z.object({ message: lenient(z.string()) })),
    stats: lenient(z.object({ input_tokens: count, output_tokens: count })),
  }),
]);

function denials({ tool_id, error }: Extract<z.infer<typeof Event>, { type: 'tool_result' }>): Fact[] {
  const refused =
    /denied by policy|access denied|not in workspace|policy_violation|requires (?:user )?confirmation|not allowed/i;
  if (!error || !refused.test(`${error.type} ${error.message}`)) return [];
  return [{ type: 'denied', what: tool_id.replace(/__.*$|_\d+.*$/, '').slice(0, 200) }];
}
