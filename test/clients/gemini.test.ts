import { gemini } from './people.ts';
import { workerSuite } from './worker-suite.ts';

workerSuite({
  ...gemini({ fast: true }),
  faults: [
    { turn: { fail: 401, type: 'UNAUTHENTICATED', message: 'No key.' }, expected: 'authentication' },
    { turn: { fail: 404, type: 'NOT_FOUND', message: 'model: x not found' }, expected: 'model_unknown' },
    { turn: { fail: 429, type: 'RESOURCE_EXHAUSTED', message: 'Exhausted.' }, expected: 'rate_limit' },
    { turn: { fail: 500, type: 'INTERNAL', message: 'An internal error.' }, expected: 'overloaded' },
  ],
});
