// Every real client, also the slow ones; a script, because an environment is set differently on every system.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const vitest = fileURLToPath(new URL('../../node_modules/vitest/vitest.mjs', import.meta.url));
const { status } = spawnSync(
  process.execPath,
  [vitest, 'run', '--config', 'vitest.clients.config.ts', ...process.argv.slice(2)],
  { stdio: 'inherit', env: { ...process.env, ALL_CLIENTS: '1' } },
);
process.exitCode = status ?? 1;
