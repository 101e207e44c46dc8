type Env = Readonly<Record<string, string | undefined>>;

/**
 * Whether this process was started by a worker, however indirectly: it opens no loops, starts no keepers, and neither
 * trusts, mends nor configures anything. A worker that hides one of the two variables is still known by the other.
 */
export function isInside({ LOOPYARD_WORKER: worker, LOOPYARD_DEPTH: depth }: Env): boolean {
  return Boolean(worker) || Number.parseInt(depth ?? '', 10) >= 1;
}
