import type { Backend } from '../ports/backend.ts';
import { readOpencode } from './reading/opencode-events.ts';
import { launchOpencode } from './reading/opencode-launch.ts';

/** Kilo, headless: a relative of OpenCode with variables and folders of its own. */
export const backend: Backend = {
  id: 'kilo',
  title: 'Kilo',
  family: 'any',
  probe: ['kilo', '--version'],
  install: 'npm install -g @kilocode/cli',
  tried: '7.7.7',
  clients: ['kilo', 'kilo-code'],
  login: {
    variables: ['KILO_API_KEY', 'ANTHROPIC_API_KEY', 'OPENAI_API_KEY', 'OPENROUTER_API_KEY'],
    files: [{ variable: 'XDG_DATA_HOME', folder: '.local/share', name: 'kilo/auth.json' }],
    perhaps: [
      { variable: 'XDG_CONFIG_HOME', folder: '.config', name: 'kilo/kilo.json' },
      { variable: 'XDG_CONFIG_HOME', folder: '.config', name: 'kilo/kilo.jsonc' },
    ],
    how: 'run kilo auth login',
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
    'KILO_CONFIG',
    'KILO_CONFIG_DIR',
    'KILO_API_KEY',
    'KILO_DISABLE_AUTOUPDATE',
    'KILO_DISABLE_MODELS_FETCH',
    'XDG_DATA_HOME',
    'XDG_CACHE_HOME',
    'ANTHROPIC_API_KEY',
    'OPENAI_API_KEY',
    'OPENROUTER_API_KEY',
  ],
  launch: (order) => launchOpencode('kilo', 'KILO_CONFIG_CONTENT', order),
  reader: readOpencode,
};
