import { claimStdout } from '../../../src/edges/mcp/stdout.ts';

claimStdout();
const { serve } = await import('../../../src/edges/mcp/serve.ts');
const { sampleServerFront } = await import('../../support/sample-tools.ts');
process.exit(
  await serve(
    sampleServerFront(() => {}),
    { role: 'strategist' },
  ),
);
