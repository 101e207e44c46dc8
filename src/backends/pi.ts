import * as z from 'zod';
import type { Backend } from '../ports/backend.ts';
import { fatal, retrying } from './reading/failure.ts';
import { count, lenient } from './reading/json.ts';
import { readJson } from './reading/json-reader.ts';
import { when } from './reading/mcp.ts';
import { usageFacts } from './reading/usage.ts';

/**
 * Pi, headless; its start and its failures were seen, no work was. It knows no MCP: the context folder is all it gets.
 */
export const backend: Backend = {
  id: 'pi',
  title: 'Pi',
  family: 'any',
  probe: ['pi', '--version'],
  install: 'npm install -g @mariozechner/pi-coding-agent',
  tried: undefined,
  clients: [],
  login: {
    variables: ['ANTHROPIC_API_KEY', 'OPENAI_API_KEY', 'GEMINI_API_KEY', 'OPENROUTER_API_KEY'],
    files: [{ variable: 'PI_CODING_AGENT_DIR', folder: '.pi/agent', name: 'auth.json' }],
    perhaps: [{ variable: 'PI_CODING_AGENT_DIR', folder: '.pi/agent', name: 'models.json' }],
    how: 'run pi and type /login, or set the key of a provider',
  },
  permissions: { work: 'everything: it never asks', skip_all: 'the same' },
  tools: false,
  usage: 'cost',
  resumes: true,
  nudges: false,
  env: ['PI_CODING_AGENT_DIR', 'ANTHROPIC_API_KEY', 'OPENAI_API_KEY', 'GEMINI_API_KEY', 'OPENROUTER_API_KEY'],
  launch({ model, session, resume }) {
    return {
      argv: [
        ...(['pi', '--mode', 'json', '-p', '--no-extensions', '--offline'] as const),
        ...['--session-id', resume ?? session],
        ...when(model, '--model', model ?? ''),
      ],
      promptOnStdin: true,
    };
  },
  reader(now) {
    let said: string | undefined;
    let failed = '';
    const reader = readJson(
      now,
      (event) => {
        const { success, data } = Event.safeParse(event);
        if (!success) return [];
        switch (data.type) {
          case 'session':
            return [{ type: 'session', id: data.id }];
          case 'tool_execution_start':
            return [{ type: 'tool', name: data.toolName }];
          case 'auto_retry_start':
            return [retrying(data.errorMessage)];
          case 'message_end': {
            const { role, content, usage, stopReason, errorMessage } = data.message;
            if (role !== 'assistant') return [];
            failed = stopReason === 'error' ? (errorMessage ?? 'It failed without a word.') : '';
            const text = (content ?? []).map((block) => block.text ?? '').join('');
            const cached = (usage?.cacheRead ?? 0) + (usage?.cacheWrite ?? 0);
            const input = usage?.input == null ? undefined : usage.input + cached;
            const facts = usageFacts(input, usage?.output, usage?.cost?.total);
            if (failed || text === '') return facts;
            said = text;
            return [{ type: 'said', text }, ...facts];
          }
        }
      },
      { finalWords: () => said },
    );
    return {
      ...reader,
      // A login that is refused ends with 0 like a success.
      end: (exitCode) => (failed ? [fatal(failed, now())] : (reader.end?.(exitCode) ?? [])),
    };
  },
};

const Event = z.discriminatedUnion('type', [
  z.object({ type: z.literal('session'), id: z.string() }),
  z.object({ type: z.literal('tool_execution_start'), toolName: z.string() }),
  z.object({ type: z.literal('auto_retry_start'), errorMessage: z.string() }),
  z.object({
    type: z.literal('message_end'),
    message: z.object({
      role: z.string(),
      content: lenient(z.array(z.object({ text: lenient(z.string()) }))),
      stopReason: lenient(z.string()),
      errorMessage: lenient(z.string()),
      usage: lenient(
        z.object({
          input: count,
          output: count,
          cacheRead: count,
          cacheWrite: count,
          cost: lenient(z.object({ total: lenient(z.number().nonnegative()) })),
        }),
      ),
    }),
  }),
]);
