import { spawn } from 'node:child_process';

/** A server over raw stdio: as little client as possible, so that the server is what is measured. */
export function openRaw(args, options) {
  const child = spawn(process.execPath, args, { ...options, stdio: ['pipe', 'pipe', 'inherit'] });
  const waiting = new Map();
  let rest = '';
  let ids = 0;
  child.stdout.setEncoding('utf8').on('data', (chunk) => {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop();
    for (const line of lines) {
      const { id, result, error } = JSON.parse(line);
      waiting.get(id)?.(error ? { isError: true, error } : result);
      waiting.delete(id);
    }
  });
  const send = (message) => child.stdin.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`);
  const ask = (method, params = {}) => {
    ids += 1;
    const id = ids;
    send({ id, method, params });
    return new Promise((resolve) => waiting.set(id, resolve));
  };
  return {
    ask,
    async initialize() {
      const clientInfo = { name: 'bench', version: '1' };
      await ask('initialize', { protocolVersion: '2025-11-25', capabilities: {}, clientInfo });
      send({ method: 'notifications/initialized' });
    },
    async call(name, args) {
      const { structuredContent, isError } = await ask('tools/call', { name, arguments: args });
      if (isError) throw new Error(`${name}: ${JSON.stringify(structuredContent)}`);
      return structuredContent;
    },
    async close() {
      const gone = new Promise((resolve) => child.once('exit', resolve));
      child.stdin.end();
      await gone;
    },
  };
}
