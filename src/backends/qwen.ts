import { dirname, join } from 'node:path';
import type { Backend } from '../ports/backend.ts';
import { readClaudeLike } from './reading/claude-like.ts';
import { mcpServers, serverName, when } from './reading/mcp.ts';

const serverFile = 'qwen-mcp.json';

const modes = {
  read_only: ['--approval-mode', 'plan'],
  work: ['--approval-mode', 'auto-edit', '--allowed-tools', 'run_shell_command'],
  skip_all: ['--approval-mode', 'yolo'],
} as const;

/** Qwen Code, headless. Only the server given to it is started, whatever the project's settings list. */
export const backend: Backend = {
  id: 'qwen',
  title: 'Qwen Code',
  family: 'alibaba',
  probe: ['qwen', '--version'],
  install: 'npm install -g @qwen-code/qwen-code',
  tried: '0.24.4',
  clients: ['qwen-code', 'qwen-code-mcp-client', 'qwen-cli-mcp-client-loopyard'],
  login: {
    variables: ['OPENAI_API_KEY', 'DASHSCOPE_API_KEY', 'BAILIAN_CODING_PLAN_API_KEY'],
    files: [{ folder: '.qwen', name: 'oauth_creds.json' }],
    perhaps: [
      { folder: '.qwen', name: 'settings.json' },
      { folder: '.qwen', name: '.env' },
    ],
    how: 'run qwen and choose a login, or set OPENAI_API_KEY',
  },
  permissions: {
    read_only: 'plan mode: looks, changes nothing',
    work: 'edits, also outside the worktree, and any command; other tools that would ask are refused',
    skip_all: 'yolo: every tool without asking',
  },
  tools: true,
  usage: 'tokens',
  resumes: true,
  nudges: false,
  env: [
    'OPENAI_API_KEY',
    'OPENAI_BASE_URL',
    'OPENAI_MODEL',
    'DASHSCOPE_API_KEY',
    'BAILIAN_CODING_PLAN_API_KEY',
    'QWEN_MODEL',
    'QWEN_HOME',
  ],
  launch(order) {
    const { promptFile, context, model, session, permissions = 'work', resume } = order;
    return {
      argv: [
        ...(['qwen', '-o', 'stream-json'] as const),
        ...(resume === undefined ? ['--session-id', session] : ['--resume', resume]),
        ...modes[permissions],
        ...['--mcp-config', join(dirname(promptFile), serverFile), '--allowed-mcp-server-names', serverName],
        ...['--add-dir', context],
        ...when(model, '-m', model ?? ''),
      ],
      env: { QWEN_CODE_NO_RELAUNCH: 'true' },
      promptOnStdin: true,
      files: { [serverFile]: mcpServers(order, { trust: true }) },
    };
  },
  reader: readClaudeLike,
};
