import type { Backend } from '../ports/backend.ts';
import { readOpencode } from './reading/opencode-events.ts';
import { launchOpencode } from './reading/opencode-launch.ts';

const folder = { variable: 'XDG_DATA_HOME', folder: '.local/share' } as const;

/** OpenCode, headless. The model and whose it is are the user's choice; other MCP servers of the user's stay. */
export const backend: Backend = {
  id: 'opencode',
  title: 'OpenCode',
  family: 'any',
  probe: ['opencode', '--version'],
  install: 'npm install -g opencode-ai',
  tried: '1.18.33',
  clients: ['opencode'],
  login: {
    variables: ['OPENCODE_API_KEY', 'ANTHROPIC_API_KEY', 'OPENAI_API_KEY', 'OPENROUTER_API_KEY'],
    files: [{ ...folder, name: 'opencode/auth.json' }],
    perhaps: [
      { variable: 'XDG_CONFIG_HOME', folder: '.config', name: 'opencode/opencode.json' },
      { variable: 'XDG_CONFIG_HOME', folder: '.config', name: 'opencode/opencode.jsonc' },
    ],
    how: 'run opencode auth login',
  },
  permissions: {
    read_only: 'edits, commands and the web are denied',
    work: 'edits in the worktree and the context folder, any command; other folders are refused to its file tools',
    skip_all: '--auto: every approval is given',
  },
  tools: true,
  usage: 'cost',
  resumes: true,
  nudges: false,
  env: [
    'OPENCODE_CONFIG',
    'OPENCODE_CONFIG_DIR',
    'OPENCODE_API_KEY',
    'OPENCODE_DISABLE_AUTOUPDATE',
    'OPENCODE_DISABLE_MODELS_FETCH',
    'OPENCODE_DISABLE_LSP_DOWNLOAD',
    'XDG_DATA_HOME',
    'XDG_CACHE_HOME',
    'ANTHROPIC_API_KEY',
    'OPENAI_API_KEY',
    'OPENROUTER_API_KEY',
    'GEMINI_API_KEY',
    'GOOGLE_GENERATIVE_AI_API_KEY',
  ],
  launch: (order) => launchOpencode('opencode', 'OPENCODE_CONFIG_CONTENT', order),
  reader: readOpencode,
};
