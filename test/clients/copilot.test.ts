import { workerSuite } from './worker-suite.ts';

workerSuite({
  title: 'Copilot CLI',
  backend: 'copilot',
  env: (url) => ({
    COPILOT_OFFLINE: 'true',
    COPILOT_MODEL: 'big',
    COPILOT_PROVIDER_BASE_URL: `${url}/v1`,
    COPILOT_PROVIDER_API_KEY: 'sk-scripted-key',
  }),
  project: ([command, ...args]) => ({
    '.mcp.json': JSON.stringify({ mcpServers: { loopyard: { type: 'stdio', command, args } } }),
  }),
  shell: (command) => ({ call: 'bash', with: { command, description: 'Write the greeting' } }),
  loadsContext: { call: 'loopyard-load_context', with: {} },
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
