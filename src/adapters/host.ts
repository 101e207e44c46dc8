import os from 'node:os';
import type { Host } from '../ports/host.ts';

/** The machine now. In a container the limits of the container count, as far as Node knows them. */
export function readHost(): Host {
  const cpus = Math.max(1, os.availableParallelism());
  const limit = process.constrainedMemory();
  // Node answers an absurdly large number where nothing limits the memory.
  const memoryBytes = limit > 0 ? Math.min(limit, os.totalmem()) : os.totalmem();
  const freeBytes = Math.min(process.availableMemory(), os.totalmem());
  return { cpus, memoryBytes, freeBytes, load: (os.loadavg()[0] ?? 0) / cpus };
}
