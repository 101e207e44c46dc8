import { openCodeSettings } from './people.ts';
import { workerSuite } from './worker-suite.ts';

workerSuite({
  title: 'Kilo',
  backend: 'kilo',
  env: () => ({ KILO_DISABLE_MODELS_FETCH: '1', KILO_DISABLE_AUTOUPDATE: '1' }),
  home: (url) => ({
    '.config/kilo/kilo.json': JSON.stringify(openCodeSettings(url)),
  }),
  project: (command) => ({
    'kilo.json': JSON.stringify({ mcp: { loopyard: { type: 'local', command, enabled: true } } }),
  }),
  shell: (command) => ({ call: 'bash', with: { command, description: 'Write the greeting' } }),
  loadsContext: { call: 'loopyard_load_context', with: {} },
  faults: [
    {
      turn: { fail: 401, type: 'invalid_api_key', message: 'Incorrect API key.' },
      expected: 'authentication',
    },
    {
      turn: { fail: 404, type: 'model_not_found', message: 'model: x not found' },
      expected: 'model_unknown',
    },
    {
      turn: {
        fail: 429,
        type: 'rate_limit_exceeded',
        message: 'Slow down.',
        // It has no setting for retries, and without this header they take it 80 s.
        headers: { 'retry-after': '1' },
      },
      expected: 'rate_limit',
      withinMs: 240_000,
    },
  ],
});
