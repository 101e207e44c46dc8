import type { Call } from './model-server.ts';
import type { Person } from './real-worker.ts';

/** A person with one program that is set up for the scripted model, and how that program's tools are called. */
export interface Client extends Person {
  readonly backend: 'claude' | 'codex' | 'opencode' | 'gemini';
  readonly title: string;
  /** Its model's name, which tells the clients of one server apart. */
  readonly model: RegExp;
  /** A shell command as this program's tool takes it. */
  readonly shell: (command: string) => Call;
  /** The same for writing a file, where it has a tool for that alone. */
  readonly write?: (path: string, text: string) => Call;
  /** A call of loopyard's tool `load_context`. */
  readonly loadsContext: Call;
}

interface Retries {
  /** Gives up after one attempt more, instead of the ten or so that are its default. */
  readonly fast?: boolean;
}

export const claude = ({ fast = false }: Retries = {}): Client => ({
  title: 'Claude Code',
  backend: 'claude',
  model: /^claude/,
  env: (url) => ({
    ANTHROPIC_BASE_URL: url,
    ANTHROPIC_API_KEY: 'sk-ant-scripted',
    CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
    DISABLE_TELEMETRY: '1',
    DISABLE_ERROR_REPORTING: '1',
    ...(fast ? { CLAUDE_CODE_MAX_RETRIES: '1' } : {}),
  }),
  project: ([command, ...args]) => ({
    '.mcp.json': JSON.stringify({ mcpServers: { loopyard: { type: 'stdio', command, args } } }),
  }),
  write: (file_path, content) => ({ call: 'Write', with: { file_path, content } }),
  shell: (command) => ({ call: 'Bash', with: { command, description: 'Do the step' } }),
  loadsContext: { call: 'mcp__loopyard__load_context', with: {} },
});

export const codex = ({ fast = false }: Retries = {}): Client => ({
  title: 'Codex',
  backend: 'codex',
  model: /^scripted$/,
  home: (url, project) => ({
    '.codex/config.toml': `model = "scripted"
model_provider = "scripted"
check_for_update_on_startup = false
[model_providers.scripted]
name = "scripted"
base_url = "${url}/v1"
wire_api = "responses"
experimental_bearer_token = "sk-scripted"
${fast ? 'request_max_retries = 0\nstream_max_retries = 1' : ''}
[analytics]
enabled = false
[projects."${project}"]
trust_level = "trusted"
`,
  }),
  project: ([command, ...args]) => ({
    '.codex/config.toml': `[mcp_servers.loopyard]\ncommand = ${JSON.stringify(command)}\nargs = ${JSON.stringify(args)}\n`,
  }),
  shell: (cmd) => ({ call: 'exec_command', with: { cmd } }),
  loadsContext: { call: 'load_context', namespace: 'mcp__loopyard', with: {} },
});

/** The scripted model as OpenCode and Kilo are told of it. */
export const openCodeSettings = (url: string) => ({
  model: 'scripted/big',
  small_model: 'scripted/big',
  share: 'disabled',
  provider: {
    scripted: {
      npm: '@ai-sdk/openai-compatible',
      name: 'Scripted',
      options: { baseURL: `${url}/v1`, apiKey: 'sk-scripted' },
      models: { big: { name: 'big' } },
    },
  },
});

/** It has no setting for retries. */
export const opencode = (): Client => ({
  title: 'OpenCode',
  backend: 'opencode',
  model: /^big$/,
  env: () => ({ OPENCODE_DISABLE_MODELS_FETCH: '1', OPENCODE_DISABLE_AUTOUPDATE: '1' }),
  home: (url) => ({
    '.config/opencode/opencode.json': JSON.stringify(openCodeSettings(url)),
  }),
  project: (command) => ({
    'opencode.json': JSON.stringify({ mcp: { loopyard: { type: 'local', command, enabled: true } } }),
  }),
  write: (filePath, content) => ({ call: 'write', with: { filePath, content } }),
  shell: (command) => ({ call: 'bash', with: { command, description: 'Do the step' } }),
  loadsContext: { call: 'loopyard_load_context', with: {} },
});

export const gemini = ({ fast = false }: Retries = {}): Client => ({
  title: 'Gemini CLI',
  backend: 'gemini',
  model: /^gemini/,
  env: (url) => ({ GEMINI_API_KEY: 'scripted-key', GOOGLE_GEMINI_BASE_URL: url }),
  home: (_url, project) => ({
    '.gemini/settings.json': JSON.stringify({
      security: { auth: { selectedType: 'gemini-api-key' } },
      privacy: { usageStatisticsEnabled: false },
      ...(fast ? { general: { maxAttempts: 2 } } : {}),
      model: { name: 'gemini-3.1-pro-preview' },
    }),
    '.gemini/trustedFolders.json': JSON.stringify({ [project]: 'TRUST_FOLDER' }),
  }),
  project: ([command, ...args]) => ({
    '.gemini/settings.json': JSON.stringify({ mcpServers: { loopyard: { command, args, trust: true } } }),
  }),
  write: (file_path, content) => ({ call: 'write_file', with: { file_path, content } }),
  shell: (command) => ({ call: 'run_shell_command', with: { command, description: 'Do the step' } }),
  loadsContext: { call: 'mcp_loopyard_worker_load_context', with: {} },
});

/** Two programs of one person; loops name the first, and then the second. */
export const together = (first: Client, second: Client): Person => ({
  backend: `${first.backend},${second.backend}`,
  env: (url) => ({ ...first.env?.(url), ...second.env?.(url) }),
  home: (url, project) => ({ ...first.home?.(url, project), ...second.home?.(url, project) }),
  project: (server) => ({ ...first.project(server), ...second.project(server) }),
});
