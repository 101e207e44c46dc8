import { createHash, randomUUID } from 'node:crypto';
import { readFileSync, rmSync } from 'node:fs';
import { link, mkdir, rename, rm, rmdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';
import { LoopyardError } from '../../domain/errors.ts';
import { Identity, type Liveness } from '../../domain/lease.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Gate } from '../../ports/gate.ts';
import type { Log } from '../../ports/log.ts';
import { guardedFs } from './gate-fs.ts';

export interface GateOptions {
  /** A directory of ours; the locks lie in it. */
  readonly directory: string;
  readonly self: Identity;
  liveness(identity: Identity): Liveness;
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * The gate on proper-lockfile, and around its weaknesses.
 *
 * Beside the lock directory lies an owner file: who holds it, under an id used once. A waiter that finds the owner
 * dead claims that id with link(), which only one can; it looks again, and removes owner file and lock. A claimant who
 * dies over it has an id too, and is claimed in the same way. Silence proves nothing: the library's own takeover by
 * age is kept out of normal life by a limit of ten minutes, and even then touches only a lock without an owner file,
 * which is what a crash between the two leaves behind.
 *
 * A section must not block the event loop, and must be correct when two run it: patience ends, and a gate can be lost.
 */
export function openGate({ directory, self, liveness, clock, log }: GateOptions): Gate {
  return {
    async within(name, patienceMs, section) {
      await mkdir(directory, { recursive: true, mode: 0o700 }).catch(unwritable(directory));
      const lock = lockAt(directory, name, self);
      const deadline = clock.now() + patienceMs;
      let release = await lock.take(log);
      while (!release && clock.now() < deadline) {
        if (!(await lock.clearIfDead(liveness)))
          await clock.sleep(Math.min(10 + Math.random() * 140, deadline - clock.now()));
        release = await lock.take(log);
      }
      if (!release)
        log('warn', 'A gate did not open in time; the section runs without it.', { name, patienceMs });
      try {
        return await section();
      } finally {
        await release?.();
      }
    },
  };
}

const Owner = z.strictObject({ id: z.uuid(), identity: Identity });
type Owner = z.infer<typeof Owner>;

function lockAt(directory: string, name: string, self: Identity) {
  const stem = join(directory, fileName(name));
  const [lockDirectory, ownerFile] = [`${stem}.lock`, `${stem}.owner`];
  const me: Owner = { id: randomUUID(), identity: self };

  /** Undefined when somebody holds it; every other failure is final at once. */
  const take = async (log: Log): Promise<(() => Promise<void>) | undefined> => {
    const { default: lockfile } = await import('proper-lockfile');
    const options = {
      lockfilePath: lockDirectory,
      realpath: false,
      stale: 600_000,
      update: 5000,
      retries: 0,
      fs: guardedFs(() => mayRemove(ownerFile, me.id)),
      onCompromised: (error: Error) =>
        log('warn', 'A gate was lost while held.', { name, error: error.message }),
    };
    const release = await lockfile.lock(stem, options).catch((error: unknown) => {
      if (['ELOCKED', 'EPERM', 'ENOTEMPTY'].includes(codeOf(error))) return undefined;
      return unwritable(directory)(error);
    });
    if (!release) return undefined;
    const draft = `${stem}.${me.id}`;
    await writeFile(draft, JSON.stringify(me), { mode: 0o600 });
    await rename(draft, ownerFile);
    return () =>
      release().catch((error: unknown) =>
        log('warn', 'A gate was no longer ours at the end.', { name, error: String(error) }),
      );
  };

  /** Whether the lock of a dead owner was removed, so that it is worth trying again at once. */
  const clearIfDead = async (liveness: GateOptions['liveness']): Promise<boolean> => {
    const owner = readOwner(ownerFile);
    if (!owner || liveness(owner.identity) !== 'dead') return false;
    const claims: string[] = [];
    for (let dead = owner; ; ) {
      const claim = `${stem}.takeover.${dead.id}`;
      if (await claimFirst(claim, me)) {
        claims.push(claim);
        break;
      }
      const claimant = readOwner(claim);
      if (!claimant || liveness(claimant.identity) !== 'dead') return false;
      claims.push(claim);
      dead = claimant;
    }
    const isStillHis = readOwner(ownerFile)?.id === owner.id;
    if (isStillHis) {
      await rm(ownerFile, { force: true });
      await rmdir(lockDirectory).catch(() => {});
    }
    for (const claim of claims) await rm(claim, { force: true });
    return isStillHis;
  };
  return { take, clearIfDead };
}

/** Readable where the name is simple, and never the same for two names. */
function fileName(name: string): string {
  const digest = createHash('sha256').update(name).digest('hex').slice(0, 8);
  return `${name.replace(/[^a-z0-9-]+/gi, '_').slice(0, 60)}-${digest}`;
}

/** Synchronous, because proper-lockfile asks while the process exits. */
function mayRemove(ownerFile: string, me: string): boolean {
  const owner = readOwner(ownerFile);
  if (owner && owner.id !== me) return false;
  rmSync(ownerFile, { force: true });
  return true;
}

function readOwner(file: string): Owner | undefined {
  try {
    return Owner.safeParse(JSON.parse(readFileSync(file, 'utf8'))).data;
  } catch {
    return undefined; // none, or not written by us: then nobody can be proven dead
  }
}

/** link() fails when the name exists, so exactly one of many succeeds, and its content is there from the start. */
async function claimFirst(claim: string, me: Owner): Promise<boolean> {
  const draft = `${claim}.${randomUUID()}`;
  await writeFile(draft, JSON.stringify(me), { mode: 0o600 });
  const won = await link(draft, claim).then(
    () => true,
    (error: unknown) => {
      if (codeOf(error) === 'EEXIST') return false;
      throw error;
    },
  );
  await rm(draft, { force: true });
  return won;
}

function unwritable(directory: string) {
  return (cause: unknown): never => {
    if (codeOf(cause) === 'ENOSPC')
      throw new LoopyardError('DISK_FULL', `No space is left for "${directory}".`, {}, { cause });
    throw new LoopyardError(
      'STATE_UNWRITABLE',
      `The directory "${directory}" cannot be written.`,
      { code: codeOf(cause) },
      { cause },
    );
  };
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : '';
}
