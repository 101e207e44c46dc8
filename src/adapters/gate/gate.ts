import { createHash, randomUUID } from 'node:crypto';
import { closeSync, constants, readFileSync, rmSync } from 'node:fs';
import { link, mkdir, rename, rm, rmdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';
import { Identity, type Liveness } from '../../domain/lease.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Gate } from '../../ports/gate.ts';
import type { Log } from '../../ports/log.ts';
import { errno } from '../errno.ts';
import { openOwnSync } from '../open-own.ts';
import { stateError } from '../state-error.ts';
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
 * age is kept out of normal life by a limit of ten minutes. A lock without an owner file is what a crash between the
 * two leaves behind; one that is older than that moment can last is claimed by what it is, and removed.
 *
 * A section must not block the event loop, and must be correct when two run it: patience ends, and a gate can be lost.
 * A lost one is open at once, and its section goes on: it is told to nobody, because nobody needs to know.
 */
export function openGate({ directory, self, liveness, clock, log }: GateOptions): Gate {
  return {
    async within(name, patienceMs, section) {
      await mkdir(directory, { recursive: true, mode: 0o700 }).catch((error: unknown) => {
        throw stateError(error, directory);
      });
      const lock = lockAt(directory, name, self);
      // Not the wall clock: set back by an hour, it would make every patience an hour longer.
      const deadline = performance.now() + patienceMs;
      let release = await lock.take(log);
      while (!release && performance.now() < deadline) {
        if (!(await lock.clearIfDead(liveness, clock.now())))
          await clock.sleep(Math.min(10 + Math.random() * 140, deadline - performance.now()));
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

/** Between making a lock and naming its owner lie a few milliseconds; so long, and its maker is gone. */
const ownerlessMs = 2_000;

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
      onCompromised: (error: Error) => {
        log('warn', 'A gate was lost while held.', { name, error: error.message });
        abandon();
      },
    };
    const release = await lockfile.lock(stem, options).catch((error: unknown) => {
      if (['ELOCKED', 'EPERM', 'ENOTEMPTY'].includes(errno(error) ?? '')) return undefined;
      throw stateError(error, directory);
    });
    if (!release) return undefined;
    const leave = () =>
      release().catch((error: unknown) => {
        log('warn', 'A gate was no longer ours at the end.', { name, error: String(error) });
        abandon();
      });
    const draft = `${stem}.${me.id}`;
    try {
      await writeFile(draft, JSON.stringify(me), { mode: 0o600 });
      await rename(draft, ownerFile);
    } catch (error) {
      await rm(draft, { force: true });
      await leave(); // or the library keeps it fresh, and everybody else waits
      throw stateError(error, directory);
    }
    return leave;
  };

  /** The library has lost track of a lock; while it still says that it is ours, nobody would take it away. */
  const abandon = () => {
    if (readOwner(ownerFile)?.id !== me.id || !mayRemove(ownerFile, me.id)) return;
    rmSync(lockDirectory, { recursive: true, force: true });
  };

  /** Whether the lock of a dead owner was removed, so that it is worth trying again at once. */
  const clearIfDead = async (liveness: GateOptions['liveness'], now: number): Promise<boolean> => {
    const owner = readOwner(ownerFile);
    if (!owner) return clearOwnerless(now);
    if (liveness(owner.identity) !== 'dead') return false;
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
  const clearOwnerless = async (now: number): Promise<boolean> => {
    const found = await stat(lockDirectory).catch(() => undefined);
    if (!found || now - found.mtimeMs < ownerlessMs) return false;
    const claim = `${stem}.takeover.${found.ino}-${Math.round(found.mtimeMs)}`;
    if (!(await claimFirst(claim, me))) return false;
    const still = await stat(lockDirectory).catch(() => undefined);
    const isSame = still?.ino === found.ino && still.mtimeMs === found.mtimeMs && !readOwner(ownerFile);
    if (isSame) await rmdir(lockDirectory).catch(() => {});
    await rm(claim, { force: true });
    return isSame;
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
  try {
    rmSync(ownerFile, { force: true });
  } catch {
    // No file, then, and so nobody's word that it is his.
  }
  return true;
}

function readOwner(file: string): Owner | undefined {
  let descriptor: number | undefined;
  try {
    descriptor = openOwnSync(file, constants.O_RDONLY);
    if (descriptor === undefined) return undefined;
    return Owner.safeParse(JSON.parse(readFileSync(descriptor, 'utf8'))).data;
  } catch {
    return undefined; // not written by us: then nobody can be proven dead
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
  }
}

/** link() fails when the name exists, so exactly one of many succeeds, and its content is there from the start. */
async function claimFirst(claim: string, me: Owner): Promise<boolean> {
  const draft = `${claim}.${randomUUID()}`;
  try {
    await writeFile(draft, JSON.stringify(me), { mode: 0o600 });
    await link(draft, claim);
    return true;
  } catch (error) {
    if (errno(error) === 'EEXIST') return false;
    throw stateError(error, claim);
  } finally {
    await rm(draft, { force: true });
  }
}
