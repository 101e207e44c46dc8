import type { Backend } from '../ports/backend.ts';
import { readClaudeLike } from './reading/claude-like.ts';
import { readsPrompt, when } from './reading/mcp.ts';

/**
 * Antigravity CLI, headless; written from third-party pages. Needs 1.1.8 or newer: older ones print nothing into a pipe.
 */
export const backend: Backend = {
  id: 'antigravity',
  title: 'Antigravity CLI',
  family: 'google',
  probe: ['agy', '--version'],
  install: 'see antigravity.google',
  tried: undefined,
  clients: ['antigravity', 'antigravity-cli', 'antigravity-client'],
  login: {
    variables: ['GEMINI_API_KEY'],
    files: [],
    perhaps: [{ folder: '.gemini/antigravity-cli', name: 'settings.json' }],
    how: 'run agy and sign in',
  },
  permissions: {
    work: 'every tool without asking: no narrower way is known that can do the work',
    skip_all: 'the same',
  },
  tools: false,
  usage: 'none',
  resumes: true,
  nudges: false,
  env: ['GEMINI_API_KEY'],
  launch(order) {
    return {
      argv: [
        ...(['agy', '--output-format', 'stream-json', '--print-timeout', '24h'] as const),
        '--dangerously-skip-permissions',
        ...when(order.resume, '--conversation', order.resume ?? ''),
        ...when(order.model, '--model', order.model ?? ''),
        ...['-p', readsPrompt(order)],
      ],
      promptOnStdin: false,
    };
  },
  reader: (now) => readClaudeLike(now, { endsWithResult: false }),
};
