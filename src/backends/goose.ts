import * as z from 'zod';
import type { Fact } from '../domain/worker/run.ts';
import type { Backend } from '../ports/backend.ts';
import { fatal } from './reading/failure.ts';
import { lenient } from './reading/json.ts';
import { readJson } from './reading/json-reader.ts';
import { when } from './reading/mcp.ts';

/**
 * Goose, headless; written from its documentation. Its extensions are the user's.
 */
export const backend: Backend = {
  id: 'goose',
  title: 'Goose',
  family: 'any',
  probe: ['goose', '--version'],
  install: 'brew install block-goose-cli',
  tried: undefined,
  clients: ['goose', 'goose-cli'],
  login: {
    variables: ['OPENAI_API_KEY', 'ANTHROPIC_API_KEY', 'GOOGLE_API_KEY', 'GOOSE_PROVIDER'],
    files: [{ variable: 'XDG_CONFIG_HOME', folder: '.config', name: 'goose/secrets.yaml' }],
    perhaps: [{ variable: 'XDG_CONFIG_HOME', folder: '.config', name: 'goose/config.yaml' }],
    how: 'run goose configure',
  },
  permissions: { work: 'mode auto: every tool without asking', skip_all: 'the same' },
  tools: false,
  usage: 'none',
  resumes: false,
  nudges: false,
  env: [
    'GOOSE_PROVIDER',
    'GOOSE_MODEL',
    'OPENAI_API_KEY',
    'OPENAI_HOST',
    'ANTHROPIC_API_KEY',
    'ANTHROPIC_HOST',
    'GOOGLE_API_KEY',
  ],
  launch({ model }) {
    return {
      argv: [
        ...(['goose', 'run', '-i', '-', '--no-session', '--with-builtin', 'developer'] as const),
        ...['--output-format', 'stream-json'],
        ...when(model, '--model', model ?? ''),
      ],
      env: { GOOSE_MODE: 'auto' },
      promptOnStdin: true,
    };
  },
  reader(now) {
    let said: string | undefined;
    return readJson(
      now,
      (event) => {
        const { success, data } = Event.safeParse(event);
        if (!success) return [];
        if (data.type === 'error') return [fatal(data.error, now())];
        if (data.message.role !== 'assistant') return [];
        return data.message.content.flatMap(({ type, text, toolCall }): Fact[] => {
          if (type === 'text' && text) {
            said = text;
            return [{ type: 'said', text }];
          }
          return type === 'toolRequest' ? [{ type: 'tool', name: toolCall?.value?.name ?? 'tool' }] : [];
        });
      },
      { finalWords: () => said },
    );
  },
};

const Event = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('message'),
    message: z.object({
      role: z.string(),
      content: z.array(
        z.object({
          type: z.string(),
          text: lenient(z.string()),
          toolCall: lenient(z.object({ value: lenient(z.object({ name: lenient(z.string()) })) })),
        }),
      ),
    }),
  }),
  z.object({ type: z.literal('error'), error: z.string() }),
]);
