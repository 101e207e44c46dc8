import { dirname, join } from 'node:path';
import * as z from 'zod';
import type { Fact } from '../domain/worker/run.ts';
import type { Backend } from '../ports/backend.ts';
import { fatal, retrying } from './reading/failure.ts';
import { lenient } from './reading/json.ts';
import { readJson } from './reading/json-reader.ts';
import { mcpServers, serverName, when } from './reading/mcp.ts';

const serverFile = 'copilot-mcp.json';

const modes = {
  read_only: ['--allow-tool', serverName, 'read', '--deny-tool', 'write', 'shell'],
  work: ['--allow-tool', 'shell', 'write', 'read', serverName],
  skip_all: ['--allow-all'],
} as const;

/**
 * GitHub Copilot CLI, headless. The project's own servers are not started, because its folder is not trusted here; those
 * of the user's stay, but for one named loopyard, whose place the worker's takes. It reports no tokens in its stream.
 */
export const backend: Backend = {
  id: 'copilot',
  title: 'GitHub Copilot CLI',
  family: 'any',
  probe: ['copilot', '--version'],
  install: 'npm install -g @github/copilot',
  tried: '1.0.102',
  clients: ['github-copilot-developer', 'copilot-cli', 'github-copilot-cli'],
  login: {
    variables: ['COPILOT_GITHUB_TOKEN', 'GH_TOKEN', 'GITHUB_TOKEN', 'COPILOT_PROVIDER_BASE_URL'],
    files: [],
    perhaps: [
      { variable: 'COPILOT_HOME', folder: '.copilot', name: 'config.json' },
      { variable: 'GH_CONFIG_DIR', folder: '.config/gh', name: 'hosts.yml' },
    ],
    how: 'run copilot login, or set COPILOT_GITHUB_TOKEN',
  },
  permissions: {
    read_only: 'reads files; edits and commands are denied',
    work: 'edits in the worktree, the context and the temporary folder, any command; web addresses are refused',
    skip_all: '--allow-all: every tool, path and address',
  },
  tools: true,
  usage: 'none',
  resumes: true,
  nudges: false,
  env: [
    'COPILOT_GITHUB_TOKEN',
    'GH_TOKEN',
    'GITHUB_TOKEN',
    'GH_HOST',
    'COPILOT_GH_HOST',
    'COPILOT_HOME',
    'COPILOT_MODEL',
    'COPILOT_OFFLINE',
    'COPILOT_PROVIDER_BASE_URL',
    'COPILOT_PROVIDER_TYPE',
    'COPILOT_PROVIDER_API_KEY',
    'COPILOT_PROVIDER_BEARER_TOKEN',
    'COPILOT_PROVIDER_WIRE_API',
    'COPILOT_PROVIDER_MODEL_ID',
    'COPILOT_PROVIDER_WIRE_MODEL',
  ],
  launch(order) {
    const { promptFile, worktree, context, model, session, permissions = 'work', resume } = order;
    return {
      argv: [
        ...([
          'copilot',
          '--output-format',
          'json',
          '--no-auto-update',
          '--no-ask-user',
          '--no-color',
        ] as const),
        ...(resume === undefined ? ['--session-id', session] : [`--resume=${resume}`]),
        ...['--additional-mcp-config', `@${join(dirname(promptFile), serverFile)}`, '--disable-builtin-mcps'],
        ...['--add-dir', context, '-C', worktree],
        ...when(model, '--model', model ?? ''),
        ...modes[permissions],
      ],
      promptOnStdin: true,
      files: { [serverFile]: mcpServers(order, { type: 'local', tools: ['*'] }) },
    };
  },
  reader(now) {
    let said = '';
    let over = false;
    const calls = new Map<string, string>();
    return readJson(
      now,
      (event) => {
        const { success, data } = Event.safeParse(event);
        if (!success) return [];
        switch (data.type) {
          case 'assistant.message':
            if (!data.data.content) return [];
            said = data.data.content;
            return [{ type: 'said', text: said }];
          case 'tool.execution_start': {
            const { toolCallId, toolName, arguments: args } = data.data;
            calls.set(toolCallId, `${toolName} ${args?.path ?? args?.command ?? ''}`.trim());
            return [{ type: 'tool', name: toolName }];
          }
          case 'tool.execution_complete': {
            const { toolCallId, success: went, error } = data.data;
            const what = calls.get(toolCallId);
            calls.delete(toolCallId);
            return went === false ? denials(error, what) : [];
          }
          case 'model.call_failure':
            return [retrying(wordsOf(data.data), data.data.statusCode ?? undefined)];
          case 'session.error':
            return [fatal(wordsOf(data.data), now(), { status: data.data.statusCode })];
          case 'result':
            over = true;
            return [{ type: 'session', id: data.sessionId }];
        }
      },
      // Its last event says that all is well after an interruption too, so only the exit decides.
      { finalWords: () => (over ? said : undefined) },
    );
  },
};

const Trouble = z.object({
  errorType: lenient(z.string()),
  statusCode: lenient(z.number()),
  message: lenient(z.string()),
  errorMessage: lenient(z.string()),
});
type Trouble = z.infer<typeof Trouble>;

const Refusal = lenient(z.object({ code: lenient(z.string()), message: lenient(z.string()) }));

const Event = z.discriminatedUnion('type', [
  z.object({ type: z.literal('assistant.message'), data: z.object({ content: lenient(z.string()) }) }),
  z.object({
    type: z.literal('tool.execution_start'),
    data: z.object({
      toolCallId: z.string(),
      toolName: z.string(),
      arguments: lenient(z.object({ path: lenient(z.string()), command: lenient(z.string()) })),
    }),
  }),
  z.object({
    type: z.literal('tool.execution_complete'),
    data: z.object({ toolCallId: z.string(), success: lenient(z.boolean()), error: Refusal }),
  }),
  z.object({ type: z.literal('model.call_failure'), data: Trouble }),
  z.object({ type: z.literal('session.error'), data: Trouble }),
  z.object({ type: z.literal('result'), sessionId: z.string() }),
]);

const wordsOf = ({ message, errorMessage, errorType }: Trouble): string =>
  message ?? errorMessage ?? errorType ?? 'It failed without a word.';

function denials(error: z.infer<typeof Refusal>, what: string | undefined): Fact[] {
  if (!error || !/denied|rejected/i.test(`${error.code} ${error.message}`)) return [];
  return [{ type: 'denied', what: (what ?? error.message ?? '').slice(0, 200) }];
}
