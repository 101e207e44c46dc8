import { join } from 'node:path';
import { systemClock } from '../src/adapters/clock.ts';
import { openFiles } from '../src/adapters/files.ts';
import { openGate } from '../src/adapters/gate/gate.ts';
import { openGit } from '../src/adapters/git/git.ts';
import { liveness, selfIdentity } from '../src/adapters/identity.ts';
import { randomIds } from '../src/adapters/ids.ts';
import { makeRoom, proveRoom, removeRoom } from '../src/core/rooms/pristine.ts';
import { keepRooms } from '../src/core/rooms/room-pool.ts';
import type { Runtime } from '../src/core/runtime.ts';
import { emptyYard } from '../src/domain/yard.ts';

/** The rooms of the product on a repository of the bench, without the rest of the yard. */
export function roomsOfTheProduct(commonDir: string, home: string, place: string) {
  const self = selfIdentity();
  const log: Runtime['log'] = (level, message, facts) => {
    if (level !== 'info') console.log(`  ${message} ${JSON.stringify(facts)}`);
  };
  const gate = openGate({
    directory: join(home, 'gate'),
    self,
    liveness: (other) => liveness(self, other),
    clock: systemClock,
    log,
  });
  const git = openGit({ commonDir, home, gate, log, env: { ...process.env } });
  const rt = {
    git,
    files: openFiles({ home, place }),
    ids: randomIds,
    log,
    clock: systemClock,
    processes: { self },
    store: { read: async () => emptyYard },
  } as unknown as Runtime;
  return {
    make: (id: string, tree: string) => makeRoom(rt, id, tree, 'checkout'),
    prove: proveRoom.bind(undefined, rt),
    remove: (id: string) => removeRoom(rt, id),
    care: (keep: number) => keepRooms(rt, { keep }),
    worktree: (path: string, branch: string, commit: string) => git.addWorktree({ path, branch, commit }),
  };
}
