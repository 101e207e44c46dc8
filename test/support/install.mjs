// Runs before `npm test` and `npm run demo`, so that each does everything a fresh clone needs. Plain Node: there may be
// no dependency yet.
import { spawnSync } from 'node:child_process';
import { statSync } from 'node:fs';

// npm writes this file at the end of every installation, so a broken-off one counts as none.
const installed = changedAt('node_modules/.package-lock.json');
const wanted = changedAt('package-lock.json');

if (installed < wanted) {
  const why =
    installed === 0 ? 'there are no dependencies yet' : 'package-lock.json is newer than node_modules';
  console.log(`Installing with npm ci, because ${why}.`);
  const [command, ...args] = process.env.npm_execpath
    ? [process.execPath, process.env.npm_execpath, 'ci']
    : ['npm', 'ci'];
  const { status, error } = spawnSync(command, args, { stdio: 'inherit' });
  if (status !== 0) {
    console.error(`npm ci did not succeed (${error?.message ?? `exit code ${status}`}), so nothing was run.`);
    process.exit(1);
  }
}

function changedAt(path) {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}
