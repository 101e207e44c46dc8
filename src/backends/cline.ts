import * as z from 'zod';
import type { Backend } from '../ports/backend.ts';
import { fatal } from './reading/failure.ts';
import { count, lenient } from './reading/json.ts';
import { readJson } from './reading/json-reader.ts';
import { readsPrompt, when } from './reading/mcp.ts';
import { usageFacts } from './reading/usage.ts';

/**
 * Cline CLI, headless; its command line and its failures were seen, no work through loopyard was. It leaves a hub process
 * behind, which is stopped with the tree, and starts the MCP servers of the user's own list: one of loopyard finds itself
 * inside a worker and serves that worker only.
 */
export const backend: Backend = {
  id: 'cline',
  title: 'Cline CLI',
  family: 'any',
  probe: ['cline', '--version'],
  install: 'npm install -g cline',
  tried: undefined,
  clients: ['cline', 'Cline'],
  login: {
    variables: ['CLINE_API_KEY'],
    files: [],
    perhaps: [
      { folder: '.cline/data', name: 'secrets.json' },
      { folder: '.cline/data', name: 'globalState.json' },
    ],
    how: 'run cline auth',
  },
  permissions: { work: '--auto-approve true: everything', skip_all: 'the same' },
  tools: false,
  usage: 'cost',
  tellsAtEnd: true,
  resumes: false,
  nudges: false,
  env: ['CLINE_API_KEY', 'CLINE_DIR'],
  launch(order) {
    return {
      argv: [
        ...(['cline', '--json', '--auto-approve', 'true', '-c', order.worktree] as const),
        ...when(order.model, '-m', order.model ?? ''),
        readsPrompt(order),
      ],
      promptOnStdin: false,
    };
  },
  reader: (now) =>
    readJson(now, (event) => {
      const { success, data } = Event.safeParse(event);
      if (!success) return [];
      const { text, finishReason, usage } = data;
      const facts = usageFacts(usage?.inputTokens, usage?.outputTokens, usage?.totalCost);
      if (finishReason === 'error') return [...facts, fatal(text ?? 'It failed without a word.', now())];
      return finishReason === 'aborted' ? facts : [...facts, { type: 'finished', text: text ?? '' }];
    }),
};

const Event = z.object({
  type: z.literal('run_result'),
  text: lenient(z.string()),
  finishReason: z.string(),
  usage: lenient(
    z.object({
      inputTokens: count,
      outputTokens: count,
      totalCost: lenient(z.number().nonnegative()),
    }),
  ),
});
