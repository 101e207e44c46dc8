import * as z from 'zod';
import type { Backend } from '../ports/backend.ts';
import { fatal } from './reading/failure.ts';
import { lenient } from './reading/json.ts';
import { readJson } from './reading/json-reader.ts';
import { readsPrompt, when } from './reading/mcp.ts';

/**
 * Continue CLI, headless; its command line was seen, no work through loopyard was. It says nothing before its end.
 */
export const backend: Backend = {
  id: 'continue',
  title: 'Continue CLI',
  family: 'any',
  probe: ['cn', '--version'],
  install: 'npm install -g @continuedev/cli',
  tried: undefined,
  clients: ['continue-cli', 'continue-client'],
  login: {
    variables: ['CONTINUE_API_KEY', 'ANTHROPIC_API_KEY'],
    files: [{ folder: '.continue', name: 'auth.json' }],
    perhaps: [{ folder: '.continue', name: 'config.yaml' }],
    how: 'run cn login',
  },
  permissions: {
    read_only: '--readonly: tools that only look',
    work: '--auto: every tool without asking',
    skip_all: 'the same',
  },
  tools: false,
  usage: 'none',
  tellsAtEnd: true,
  resumes: false,
  nudges: false,
  env: ['CONTINUE_API_KEY', 'CONTINUE_GLOBAL_DIR', 'ANTHROPIC_API_KEY'],
  launch(order) {
    const readonly = order.permissions === 'read_only';
    return {
      argv: [
        ...(['cn', '-p', '--format', 'json', readonly ? '--readonly' : '--auto'] as const),
        ...when(order.model, '--model', order.model ?? ''),
        readsPrompt(order),
      ],
      promptOnStdin: false,
    };
  },
  reader: (now) =>
    readJson(now, (event) => {
      const { success, data } = Event.safeParse(event);
      if (!success) return [];
      if (data.status === 'error') return [fatal(data.message ?? 'It failed without a word.', now())];
      return [{ type: 'finished', text: data.response ?? '' }];
    }),
};

const Event = z.object({
  status: z.enum(['success', 'error']),
  response: lenient(z.string()),
  message: lenient(z.string()),
});
