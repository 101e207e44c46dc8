import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';
import { LoopyardError } from '../domain/errors.ts';
import type { Identity, Liveness } from '../domain/lease.ts';
import { errno } from './errno.ts';
import { readProcess } from './processes/process-table.ts';

/** This very process, in a form that another process can recognise it by, also after a reboot. */
export function selfIdentity(): Identity {
  const self = identityOf(process.pid);
  if (!self)
    throw new LoopyardError('INTERNAL', `The system shows no process ${process.pid}, which is this one.`);
  return self;
}

/** Who has this pid now, a zombie included; undefined when nobody we can see has it. */
export function identityOf(pid: number): Identity | undefined {
  const entry = readProcess(pid);
  return entry && { ...place(), pid, startTime: entry.startTime };
}

/**
 * Is the process that was recorded still there? A pid alone proves nothing: it is reused. Whatever cannot be compared
 * (another host, another pid namespace) or not be seen (a process of another user, hidden by the system) is `unknown`,
 * because nobody may be robbed on a guess.
 */
export function liveness(self: Identity, identity: Identity): Liveness {
  if (identity.host !== self.host) return 'unknown';
  if (identity.boot !== self.boot) return 'dead';
  if (identity.namespace !== self.namespace) return 'unknown';
  const entry = readProcess(identity.pid);
  if (entry) return entry.startTime === identity.startTime && !entry.zombie ? 'alive' : 'dead';
  return exists(identity.pid) ? 'unknown' : 'dead';
}

/** Asks the system without reading anything. Not permitted means that somebody is there. */
function exists(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return errno(error) !== 'ESRCH';
  }
}

let known: Pick<Identity, 'host' | 'boot' | 'namespace'> | undefined;

/** None of the three changes while a process lives. */
function place(): Pick<Identity, 'host' | 'boot' | 'namespace'> {
  known ??= { host: host(), boot: boot(), namespace: namespace() };
  return known;
}

/** The machine id is confidential by its own manual: only a hash of it leaves this function. */
function host(): string {
  const id = firstOf(
    () => readFileSync('/etc/machine-id', 'utf8').trim(),
    () => readFileSync('/var/lib/dbus/machine-id', 'utf8').trim(),
    hostname,
  );
  return createHash('sha256').update(`loopyard ${id}`).digest('hex').slice(0, 32);
}

function boot(): string {
  switch (process.platform) {
    case 'linux':
      return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    case 'win32': {
      // Untested.
      const script = '(Get-CimInstance Win32_OperatingSystem).LastBootUpTime.ToFileTimeUtc()';
      const args = ['-NoProfile', '-NonInteractive', '-Command', script];
      return execFileSync('powershell.exe', args, { encoding: 'utf8', windowsHide: true }).trim();
    }
    default:
      // Untested.
      return execFileSync('/usr/sbin/sysctl', ['-n', 'kern.bootsessionuuid'], { encoding: 'utf8' }).trim();
  }
}

function namespace(): string {
  return process.platform === 'linux' ? readlinkSync('/proc/self/ns/pid') : 'none';
}

function firstOf(...sources: readonly (() => string)[]): string {
  for (const source of sources) {
    try {
      const text = source();
      if (text) return text;
    } catch {
      // The next source knows.
    }
  }
  return 'unknown';
}
