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
  if (!npm('ci')) {
    console.error('The dependencies could not be installed, so nothing was run.');
    process.exit(1);
  }
}

/** Tells whether npm ended well. Its output is shown. */
function npm(...args) {
  const { npm_execpath: script } = process.env;
  const [command, ...before] = script ? [process.execPath, script] : ['npm'];
  return spawnSync(command, [...before, ...args], { stdio: 'inherit' }).status === 0;
}

function changedAt(path) {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}
