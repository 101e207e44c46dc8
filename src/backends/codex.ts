import * as z from 'zod';
import type { Fact } from '../domain/worker/run.ts';
import type { Backend, WorkOrder } from '../ports/backend.ts';
import { fatal, retrying } from './reading/failure.ts';
import { count, lenient } from './reading/json.ts';
import { readJson } from './reading/json-reader.ts';
import { when } from './reading/mcp.ts';
import { usageFacts } from './reading/usage.ts';

const sandboxes = {
  read_only: ['-s', 'read-only'],
  work: ['-s', 'workspace-write'],
  skip_all: ['--dangerously-bypass-approvals-and-sandbox'],
} as const;

/**
 * OpenAI Codex, headless.
 *
 * Its own sandbox holds what it runs: in `work` commands write in the worktree, the context folder and the temporary
 * folder, and have no network unless the user's configuration gives it to them. Loopyard's tools are approved, because
 * without that Codex refuses every tool that is not marked read-only, and required, because otherwise the first turn
 * begins before they are there. The entry on the command line takes the place of a `loopyard` entry of the project.
 * Other servers of the user's cannot be switched off without naming them, so they stay.
 */
export const backend: Backend = {
  id: 'codex',
  title: 'OpenAI Codex',
  family: 'openai',
  probe: ['codex', '--version'],
  install: 'npm install -g @openai/codex',
  tried: '0.169.0',
  clients: ['codex-mcp-client', 'codex'],
  login: {
    variables: ['CODEX_API_KEY', 'OPENAI_API_KEY'],
    files: [{ variable: 'CODEX_HOME', folder: '.codex', name: 'auth.json' }],
    perhaps: [{ variable: 'CODEX_HOME', folder: '.codex', name: 'config.toml' }],
    how: 'run codex login',
  },
  permissions: {
    read_only: 'commands in a sandbox that cannot write',
    work: 'edits and commands in a sandbox: writes in the worktree, the context and the temporary folder; no network',
    skip_all: 'no sandbox and no approvals',
  },
  tools: true,
  usage: 'tokens',
  resumes: true,
  nudges: false,
  env: [
    'CODEX_HOME',
    'CODEX_API_KEY',
    'OPENAI_API_KEY',
    'OPENAI_BASE_URL',
    'OPENAI_ORGANIZATION',
    'OPENAI_PROJECT',
  ],

  launch(order) {
    const { worktree, context, model, permissions = 'work', resume } = order;
    return {
      argv: [
        ...(['codex', 'exec', '--json', '--color', 'never', '--skip-git-repo-check'] as const),
        ...['-C', worktree, '--add-dir', context],
        ...sandboxes[permissions],
        ...settings(order).flatMap((setting) => ['-c', setting]),
        ...when(model, '-m', model ?? ''),
        ...when(resume, 'resume', resume ?? ''),
        '-',
      ],
      promptOnStdin: true,
    };
  },

  reader(now) {
    let said = '';
    return readJson(now, (event) => {
      const { success, data } = Line.safeParse(event);
      if (!success) return [];
      switch (data.type) {
        case 'thread.started':
          return [{ type: 'session', id: data.thread_id }];
        case 'item.started':
          return toolFacts(data.item);
        case 'item.completed':
          if (data.item.type === 'agent_message' && data.item.text) said = data.item.text;
          return itemFacts(data.item);
        case 'error':
          return data.message.startsWith('Reconnecting') ? [retrying(data.message)] : [];
        case 'turn.failed':
          return [fatal(data.error.message, now())];
        case 'turn.completed':
          return [
            ...usageFacts(data.usage?.input_tokens, data.usage?.output_tokens),
            { type: 'finished', text: said },
          ];
      }
    });
  },
};

/** Settings as Codex takes them on its command line, with values in TOML; a JSON string or list is one. */
function settings({ server, worktree }: WorkOrder): string[] {
  const env = Object.entries(server.env).map(
    ([name, value]) => `${JSON.stringify(name)}=${JSON.stringify(value)}`,
  );
  const entry = 'mcp_servers.loopyard';
  return [
    `${entry}.command=${JSON.stringify(server.command)}`,
    `${entry}.args=${JSON.stringify(server.args)}`,
    `${entry}.env={${env.join(',')}}`,
    `${entry}.enabled=true`,
    `${entry}.required=true`,
    `${entry}.default_tools_approval_mode="approve"`,
    // The project's own servers and hooks stay out; its instructions and skills are read all the same.
    `projects={${JSON.stringify(worktree)}={trust_level="untrusted"}}`,
    // Made for a person at the desk.
    'notify=[]',
    'check_for_update_on_startup=false',
  ];
}

const Item = z.object({
  type: z.string(),
  text: lenient(z.string()),
  command: lenient(z.string()),
  server: lenient(z.string()),
  tool: lenient(z.string()),
  status: lenient(z.string()),
  error: lenient(z.object({ message: lenient(z.string()) })),
  aggregated_output: lenient(z.string()),
});
type Item = z.infer<typeof Item>;

const Usage = z.object({ input_tokens: count, output_tokens: count });

const Line = z.discriminatedUnion('type', [
  z.object({ type: z.literal('thread.started'), thread_id: z.string() }),
  z.object({ type: z.literal('item.started'), item: Item }),
  z.object({ type: z.literal('item.completed'), item: Item }),
  z.object({ type: z.literal('error'), message: z.string() }),
  z.object({ type: z.literal('turn.failed'), error: z.object({ message: z.string() }) }),
  z.object({ type: z.literal('turn.completed'), usage: lenient(Usage) }),
]);

function toolFacts({ type, server, tool }: Item): Fact[] {
  if (type === 'command_execution') return [{ type: 'tool', name: 'shell' }];
  if (type === 'mcp_tool_call') return [{ type: 'tool', name: `${server ?? 'mcp'}/${tool ?? '?'}` }];
  return ['file_change', 'web_search'].includes(type) ? [{ type: 'tool', name: type }] : [];
}

/** A refusal, also by the sandbox, is an item that failed like any other; only its words tell it from one that went wrong. */
function itemFacts(item: Item): Fact[] {
  const { type, text, status, error, server, tool, command } = item;
  if (type === 'agent_message' && text) return [{ type: 'said', text }];
  const refused =
    status === 'declined' ||
    /requires approval|rejected by user|approval policy/i.test(error?.message ?? '') ||
    (status === 'failed' && /read-only file system/i.test(item.aggregated_output ?? ''));
  if (!refused) return [];
  return [{ type: 'denied', what: (command ?? `${server ?? type}/${tool ?? ''}`).slice(0, 200) }];
}
