import type { Backend } from '../ports/backend.ts';
import { readClaudeLike } from './reading/claude-like.ts';
import { readsPrompt, when } from './reading/mcp.ts';

/**
 * Cursor CLI, headless; written from its documentation. Its MCP servers want an approval that is not given here, so no
 * server is started, neither the project's nor ours.
 */
export const backend: Backend = {
  id: 'cursor',
  title: 'Cursor CLI',
  family: 'any',
  probe: ['cursor-agent', '--version'],
  install: 'curl https://cursor.com/install -fsS | bash',
  tried: undefined,
  clients: ['cursor-vscode', 'cursor-cli'],
  login: {
    variables: ['CURSOR_API_KEY'],
    files: [],
    perhaps: [{ folder: '.cursor', name: 'cli-config.json' }],
    how: 'run cursor-agent login, or set CURSOR_API_KEY',
  },
  permissions: {
    work: "--force: edits and any command that the user's rules do not deny",
    skip_all: 'the same',
  },
  tools: false,
  usage: 'none',
  resumes: true,
  nudges: false,
  env: ['CURSOR_API_KEY', 'CURSOR_CONFIG_DIR'],
  launch(order) {
    const { worktree, model, resume } = order;
    return {
      argv: [
        ...(['cursor-agent', '-p', '--output-format', 'stream-json', '--force', '--trust'] as const),
        ...['--workspace', worktree],
        ...when(resume, '--resume', resume ?? ''),
        ...when(model, '--model', model ?? ''),
        readsPrompt(order),
      ],
      promptOnStdin: false,
    };
  },
  reader: (now) => readClaudeLike(now),
};
