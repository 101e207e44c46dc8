// The least a program can do to answer `initialize` and `tools/list` over stdio: what any server is measured against.
import { createInterface } from 'node:readline';

const tools = [
  { name: 'noop', description: 'Does nothing.', inputSchema: { type: 'object', properties: {} } },
];
const serverInfo = { name: 'baseline', version: '1' };

createInterface({ input: process.stdin }).on('line', (line) => {
  const { id, method, params } = JSON.parse(line);
  if (id === undefined) return;
  const results = {
    initialize: { protocolVersion: params?.protocolVersion, capabilities: { tools: {} }, serverInfo },
    'tools/list': { tools },
    ping: {},
  };
  process.stdout.write(`${JSON.stringify({ jsonrpc: '2.0', id, result: results[method] })}\n`);
});
