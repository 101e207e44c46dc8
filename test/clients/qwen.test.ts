import { workerSuite } from './worker-suite.ts';

workerSuite({
  title: 'Qwen Code',
  backend: 'qwen',
  env: (url) => ({ OPENAI_API_KEY: 'sk-scripted-key', OPENAI_BASE_URL: `${url}/v1`, OPENAI_MODEL: 'big' }),
  home: () => ({
    '.qwen/settings.json': JSON.stringify({
      security: { auth: { selectedType: 'openai' } },
      privacy: { usageStatisticsEnabled: false },
      general: { enableAutoUpdate: false },
      model: { name: 'big' },
    }),
  }),
  project: ([command, ...args]) => ({
    '.qwen/settings.json': JSON.stringify({ mcpServers: { loopyard: { command, args, trust: true } } }),
  }),
  shell: (command) => ({ call: 'run_shell_command', with: { command, description: 'Write the greeting' } }),
  loadsContext: { call: 'mcp__loopyard__load_context', with: {} },
  faults: [
    {
      turn: { fail: 401, type: 'invalid_api_key', message: 'Incorrect API key.' },
      expected: 'authentication',
    },
    {
      turn: { fail: 404, type: 'model_not_found', message: 'model: x not found' },
      expected: 'model_unknown',
    },
  ],
});
