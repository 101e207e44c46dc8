import { workerSuite } from './worker-suite.ts';

workerSuite({
  title: 'Gemini CLI',
  backend: 'gemini',
  env: (url) => ({ GEMINI_API_KEY: 'scripted-key', GOOGLE_GEMINI_BASE_URL: url }),
  home: (_url, project) => ({
    '.gemini/settings.json': JSON.stringify({
      security: { auth: { selectedType: 'gemini-api-key' } },
      privacy: { usageStatisticsEnabled: false },
      general: { maxAttempts: 2 },
      model: { name: 'gemini-3.1-pro-preview' },
    }),
    '.gemini/trustedFolders.json': JSON.stringify({ [project]: 'TRUST_FOLDER' }),
  }),
  project: ([command, ...args]) => ({
    '.gemini/settings.json': JSON.stringify({ mcpServers: { loopyard: { command, args, trust: true } } }),
  }),
  shell: (command) => ({ call: 'run_shell_command', with: { command, description: 'Write the greeting' } }),
  loadsContext: { call: 'mcp_loopyard_worker_load_context', with: {} },
  faults: [
    { turn: { fail: 401, type: 'UNAUTHENTICATED', message: 'No key.' }, expected: 'authentication' },
    { turn: { fail: 404, type: 'NOT_FOUND', message: 'model: x not found' }, expected: 'model_unknown' },
    { turn: { fail: 429, type: 'RESOURCE_EXHAUSTED', message: 'Exhausted.' }, expected: 'rate_limit' },
    { turn: { fail: 500, type: 'INTERNAL', message: 'An internal error.' }, expected: 'overloaded' },
  ],
});
