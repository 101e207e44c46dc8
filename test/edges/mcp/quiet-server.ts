import { claimStdout } from '../../../src/edges/mcp/stdout.ts';

claimStdout();
const { serve } = await import('../../../src/edges/mcp/serve.ts');
const { sampleFront } = await import('../../support/sample-tools.ts');
process.exit(
  await serve(
    sampleFront(() => {}),
    { role: 'strategist' },
  ),
);
