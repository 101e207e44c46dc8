import { spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { cheats } from './cheats/index.ts';
import { changes } from './honest/index.ts';
import { worldOf } from './world.ts';

/** Worker of all cheats and honest changes: the first argument says which; more arguments are for what stays behind. */
const [, program = '', name = '', role, project = '', tree = ''] = process.argv;
const work = [...cheats, ...changes].find((one) => one.name === name);
if (!work) throw new Error(`There is no worker "${name}".`);
const lurk = 'lurk' in work ? work.lurk : undefined;

if (role === 'lurk') await lurk?.({ project, tree });
else if (role === 'leave') {
  // The parent is gone in a moment: a session of its own, no parent, no environment, no descriptors.
  leave([program, name, 'lurk', project, tree]);
} else {
  const world = worldOf(process.cwd(), process.env);
  await work.work(world);
  if (lurk) leave([program, name, 'leave', world.project, world.tree]);
  console.log('done');
}

function leave(args: readonly string[]): void {
  const nothing = openSync('/dev/null', 'r+');
  spawn(process.execPath, args, {
    detached: true,
    cwd: '/',
    env: {},
    stdio: [nothing, nothing, nothing],
  }).unref();
  closeSync(nothing);
}
