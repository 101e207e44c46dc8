import { readdirSync, readFileSync, statfsSync, statSync } from 'node:fs';
import path from 'node:path';
import type { KeeperFacts, StateFacts } from '../../domain/diagnosis/facts.ts';
import { asLoopyardError } from '../../domain/errors.ts';
import type { Holder, Liveness } from '../../domain/lease.ts';
import type { Yard } from '../../domain/yard.ts';
import type { Store } from '../../ports/store.ts';
import {
  generationFile,
  generationsAmong,
  generationsDirectory,
  quarantineDirectory,
} from '../journal/files.ts';

/** The state directory and what it lies on; opens the store for reading only, with whatever that says. */
export async function stateFacts(
  directory: string,
  open: () => Promise<Store>,
): Promise<{ facts: StateFacts; store: Store | undefined; yard: Yard | undefined }> {
  const exists = statSync(directory, { throwIfNoEntry: false }) !== undefined;
  const ground = groundOf(exists ? directory : path.dirname(directory));
  const base = { directory, exists, ...ground, quarantined: 0 };
  let store: Store | undefined;
  try {
    store = await open();
    const yard = await store.read();
    const journal = journalIn(directory, yard.seq);
    const facts = { ...base, quarantined: damagedPieces(directory), ...(journal && { journal }) };
    return { facts, store, yard };
  } catch (thrown) {
    const { code, message, hint } = asLoopyardError(thrown);
    const facts = { ...base, quarantined: damagedPieces(directory), problem: { code, message, hint } };
    return { facts, store, yard: undefined };
  }
}

/** The process that acts for the yard, as the system shows it. `self`: the program we are. */
export function keeperFacts(
  holder: Holder | undefined,
  liveness: Liveness,
  self: readonly string[],
): KeeperFacts | undefined {
  if (holder?.kind !== 'process') return undefined;
  const { pid } = holder.identity;
  if (liveness !== 'alive' || process.platform !== 'linux') {
    return { pid, liveness, frozen: false, program: 'unknown' };
  }
  const stat = textOf(`/proc/${pid}/stat`);
  const state = stat?.slice(stat.lastIndexOf(')') + 2, stat.lastIndexOf(')') + 3);
  return { pid, liveness, frozen: state === 'T' || state === 't', program: programOf(pid, self) };
}

/** By name where the kernel has a well-known number. */
const fileSystems: ReadonlyMap<number, string> = new Map([
  [0xef53, 'ext4'],
  [0x9123683e, 'btrfs'],
  [0x58465342, 'XFS'],
  [0x01021994, 'tmpfs'],
  [0x794c7630, 'overlayfs'],
  [0x2fc12fc1, 'ZFS'],
  [0xf2f52010, 'F2FS'],
  [0x6969, 'NFS'],
  [0x01021997, '9p'],
  [0x65735546, 'FUSE'],
  [0xff534d42, 'CIFS'],
  [0xfe534d42, 'SMB2'],
]);

function groundOf(folder: string): Pick<StateFacts, 'fileSystem' | 'freeBytes'> {
  try {
    const { type, bavail, bsize } = statfsSync(folder);
    const number = type >>> 0;
    const named =
      process.platform === 'linux' ? (fileSystems.get(number) ?? `0x${number.toString(16)}`) : undefined;
    return { fileSystem: named, freeBytes: bavail * bsize };
  } catch {
    return { fileSystem: undefined, freeBytes: undefined };
  }
}

function journalIn(directory: string, seq: number): StateFacts['journal'] {
  const names = namesIn(directory);
  const newest = generationsAmong(names).at(-1);
  if (newest === undefined) return undefined;
  const { size = 0 } =
    statSync(path.join(directory, generationFile(newest)), { throwIfNoEntry: false }) ?? {};
  const oldGenerations = namesIn(path.join(directory, generationsDirectory)).length;
  return { seq, bytes: size, oldGenerations };
}

const damagedPieces = (directory: string) =>
  namesIn(path.join(directory, quarantineDirectory)).filter((name) => name.endsWith('.reason.json')).length;

function programOf(pid: number, self: readonly string[]): KeeperFacts['program'] {
  const words = textOf(`/proc/${pid}/cmdline`)?.split('\0');
  const [bin] = self;
  if (!words || bin === undefined) return 'unknown';
  if (!words.includes(bin)) return 'other';
  // The entry of /proc is as old as the process; a build replaces the file under the same name.
  const started = statSync(`/proc/${pid}`, { throwIfNoEntry: false })?.ctimeMs;
  const written = statSync(bin, { throwIfNoEntry: false })?.mtimeMs;
  return started !== undefined && written !== undefined && written > started ? 'replaced' : 'same';
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function textOf(file: string): string | undefined {
  try {
    return readFileSync(file, 'latin1');
  } catch {
    return undefined;
  }
}
