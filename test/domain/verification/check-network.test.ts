import { expect, test } from 'vitest';
import { fetchesPackages, networkNote } from '../../../src/domain/verification/check-network.ts';

test.each([
  'npm ci',
  '/usr/bin/npm install --no-audit',
  'yarn',
  'pnpm i',
  'pip install -r x',
  'python3 -m pip install .',
  'uv sync',
  'cargo fetch',
  'go mod download',
  'bundle install',
  'npm.cmd ci',
])('%s fetches packages and does nothing else', (line) =>
  expect(fetchesPackages(line.split(' '))).toBe(true),
);

test.each([
  'npm test',
  'npm run ci',
  'yarn test',
  'cargo test',
  'go test ./...',
  'python3 -m pytest',
  'node ci',
  'sh -c x',
  'mvn verify',
])('%s is more than fetching', (line) => expect(fetchesPackages(line.split(' '))).toBe(false));

test.each([
  'Error: getaddrinfo EAI_AGAIN registry.npmjs.org',
  'curl: (6) Could not resolve host: example.org',
  'Temporary failure in name resolution',
  'dial tcp: lookup proxy.golang.org: no such host',
])('output that complains about the network is recognised: %s', (output) =>
  expect(networkNote(output)).toContain('network: true'),
);

test('a plain failure says nothing of the kind', () =>
  expect(networkNote('expected 1 to be 2')).toBeUndefined());
