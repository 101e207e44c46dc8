import { codex } from './people.ts';
import { workerSuite } from './worker-suite.ts';

workerSuite({
  ...codex({ fast: true }),
  faults: [
    {
      turn: { fail: 401, type: 'invalid_api_key', message: 'Incorrect API key.' },
      expected: 'authentication',
    },
    {
      turn: { fail: 404, type: 'model_not_found', message: 'model: x not found' },
      expected: 'model_unknown',
    },
    { turn: { fail: 429, type: 'rate_limit_exceeded', message: 'Slow down.' }, expected: 'rate_limit' },
    { turn: { fail: 500, type: 'server_error', message: 'Sorry.' }, expected: 'overloaded' },
  ],
});
