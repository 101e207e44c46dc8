import { systemClock } from '../../src/adapters/clock.ts';
import { runShim } from '../../src/adapters/processes/shim.ts';
import { attachDependencies } from '../../src/core/rooms/dependencies.ts';
import { makeRoom } from '../../src/core/rooms/pristine.ts';
import { openYard } from '../../src/open-yard.ts';

/** A keeper that does nothing but give one room its dependencies; and the shim that runs what this takes. */
const [what, commonDir = '', name = ''] = process.argv.slice(2);
if (what === 'shim')
  await runShim(process.argv.at(-1) ?? '', { reader: () => ({ line: () => [] }), clock: systemClock });
else if (what === 'attach') {
  const rt = await openYard({
    commonDir,
    name: 'test',
    env: process.env,
    self: { command: process.execPath, args: [process.argv[1] ?? ''] },
    startsKeeper: false,
  });
  const commit = (await rt.git.resolve('HEAD')) ?? '';
  const tree = await rt.git.treeOf(commit);
  const room = await makeRoom(rt, name, tree, 'project');
  const given = await attachDependencies(rt, room, tree, new AbortController().signal);
  process.stdout.write(`${JSON.stringify({ given, path: room.path })}\n`);
  process.exit(0);
}
