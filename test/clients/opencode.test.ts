import { opencode } from './people.ts';
import { workerSuite } from './worker-suite.ts';

workerSuite({
  ...opencode(),
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
