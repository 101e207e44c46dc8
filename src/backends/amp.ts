import type { Backend } from '../ports/backend.ts';
import { readClaudeLike } from './reading/claude-like.ts';
import { serverName, when } from './reading/mcp.ts';

/**
 * Amp, headless; written from its documentation. It chooses its models itself.
 */
export const backend: Backend = {
  id: 'amp',
  title: 'Amp',
  family: 'any',
  probe: ['amp', '--version'],
  install: 'npm install -g @sourcegraph/amp',
  tried: undefined,
  clients: ['amp', 'amp-mcp-client'],
  login: {
    variables: ['AMP_API_KEY'],
    files: [{ variable: 'XDG_DATA_HOME', folder: '.local/share', name: 'amp/secrets.json' }],
    how: 'run amp login, or set AMP_API_KEY; without a login it waits for one',
  },
  permissions: {
    work: "what the user's own permission rules of Amp allow without asking",
    skip_all: '--dangerously-allow-all: every tool without asking',
  },
  tools: true,
  usage: 'tokens',
  resumes: false,
  nudges: false,
  env: ['AMP_API_KEY', 'AMP_URL', 'AMP_SETTINGS_FILE', 'XDG_DATA_HOME'],
  launch({ server, permissions }) {
    return {
      argv: [
        ...(['amp', '-x', '--stream-json', '--no-ide'] as const),
        ...['--mcp-config', JSON.stringify({ [serverName]: server })],
        ...when(permissions === 'skip_all', '--dangerously-allow-all'),
      ],
      promptOnStdin: true,
    };
  },
  reader: (now) => readClaudeLike(now),
};
