import type { Backend } from '../ports/backend.ts';
import { readClaudeLike } from './reading/claude-like.ts';
import { when } from './reading/mcp.ts';

/**
 * Kiro CLI, headless; written from its documentation.
 */
export const backend: Backend = {
  id: 'kiro',
  title: 'Kiro CLI',
  family: 'any',
  probe: ['kiro-cli', '--version'],
  install: 'curl -fsSL https://cli.kiro.dev/install | bash',
  tried: undefined,
  clients: ['kiro', 'kiro-cli', 'Kiro CLI'],
  login: {
    variables: ['KIRO_API_KEY'],
    files: [],
    perhaps: [{ variable: 'XDG_DATA_HOME', folder: '.local/share', name: 'kiro-cli/data.sqlite3' }],
    how: 'run kiro-cli login, or set KIRO_API_KEY',
  },
  permissions: {
    work: '--trust-all-tools: no narrower way is known that can do the work',
    skip_all: 'the same',
  },
  tools: false,
  usage: 'none',
  resumes: false,
  nudges: false,
  env: ['KIRO_API_KEY', 'XDG_DATA_HOME'],
  launch({ model }) {
    return {
      argv: [
        ...(['kiro-cli', 'chat', '--no-interactive', '--v3', '--trust-all-tools'] as const),
        ...['--output-format', 'stream-json'],
        ...when(model, '--model', model ?? ''),
      ],
      promptOnStdin: true,
    };
  },
  reader: (now) => readClaudeLike(now, { endsWithResult: false }),
};
