import { join } from 'node:path';
import { systemClock } from '../src/adapters/clock.ts';
import { openGate } from '../src/adapters/gate/gate.ts';
import { openGit } from '../src/adapters/git/git.ts';
import { liveness, selfIdentity } from '../src/adapters/identity.ts';
import type { Git } from '../src/ports/git.ts';

/** The git of the product on a repository of the bench: rooms and worktrees without the rest of the yard. */
export function gitOfTheProduct(commonDir: string, home: string): Git {
  const self = selfIdentity();
  const log = () => {};
  const gate = openGate({
    directory: join(home, 'gate'),
    self,
    liveness: (other) => liveness(self, other),
    clock: systemClock,
    log,
  });
  return openGit({ commonDir, home, gate, log, env: { ...process.env } });
}
