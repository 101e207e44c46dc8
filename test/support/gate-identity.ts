import type { Identity, Liveness } from '../../src/domain/lease.ts';

/** An identity that is enough for one machine during one test, and a real look at the process. */
export function readSelf(pid = process.pid): { self: Identity; liveness(identity: Identity): Liveness } {
  const self = { host: 'h', boot: 'b', namespace: 'none', pid, startTime: '0' };
  const liveness = (identity: Identity): Liveness => {
    try {
      process.kill(identity.pid, 0);
      return 'alive';
    } catch {
      return 'dead';
    }
  };
  return { self, liveness };
}
