import type { Backend } from '../ports/backend.ts';
import { when } from './reading/mcp.ts';
import { readPlain } from './reading/plain-reader.ts';

/**
 * Crush, headless; written from its documentation. It prints text only, so its tokens and its tools stay unknown.
 */
export const backend: Backend = {
  id: 'crush',
  title: 'Crush',
  family: 'any',
  probe: ['crush', '--version'],
  install: 'npm install -g @charmland/crush',
  tried: undefined,
  clients: ['crush'],
  login: {
    variables: ['ANTHROPIC_API_KEY', 'OPENAI_API_KEY', 'GEMINI_API_KEY', 'OPENROUTER_API_KEY'],
    files: [],
    perhaps: [
      { variable: 'XDG_CONFIG_HOME', folder: '.config', name: 'crush/crushrc' },
      { variable: 'XDG_DATA_HOME', folder: '.local/share', name: 'crush/crush.json' },
    ],
    how: 'run crush and choose a provider',
  },
  permissions: { work: 'everything: a single run approves its own requests', skip_all: 'the same' },
  tools: false,
  usage: 'none',
  tellsAtEnd: true,
  resumes: false,
  nudges: false,
  env: [
    'CRUSH_GLOBAL_CONFIG',
    'XDG_DATA_HOME',
    'ANTHROPIC_API_KEY',
    'OPENAI_API_KEY',
    'GEMINI_API_KEY',
    'OPENROUTER_API_KEY',
  ],
  launch({ worktree, model }) {
    return {
      argv: [...(['crush', 'run', '-q', '--cwd', worktree] as const), ...when(model, '-m', model ?? '')],
      promptOnStdin: true,
    };
  },
  reader: readPlain,
};
