// First of all, as main does it: nothing that is loaded or said later can reach standard output.
import { claimStdout } from '../../../src/edges/mcp/stdout.ts';

claimStdout();
console.log('noise before anything');

const { serve } = await import('../../../src/edges/mcp/serve.ts');
const { sampleServerFront } = await import('../../support/sample-tools.ts');

// A server with a life of its own, which would never end by itself.
setInterval(() => {
  console.log('noise in between');
  console.info('{"jsonrpc":"2.0","id":1,"result":{"forged":true}}');
  process.stdout.write('noise from a library\n');
}, 1);

const role = process.argv[2] === 'worker' ? 'worker' : 'strategist';
const bound = { loop: 'green-tests-k3v9', worker: 'worker-1' };
const log = (line: string) => process.stderr.write(`log: ${line}\n`);
process.exit(await serve(sampleServerFront(log), { role, ...(role === 'worker' && { bound }) }));
