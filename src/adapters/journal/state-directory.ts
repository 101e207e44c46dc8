import { lstatSync, type Stats, statfsSync } from 'node:fs';
import { mkdtemp, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { LoopyardError } from '../../domain/errors.ts';
import { errno, isMissing } from '../errno.ts';
import { stateError } from '../state-error.ts';
import { flushDirectory } from './files.ts';
import { probeFileSystem } from './state-probe.ts';

/**
 * The directory in which a yard keeps its state, `<git common dir>/loopyard`: only ours, only on a local disk.
 *
 * It comes into being whole: everything is built in a sibling of a random name and renamed into place. Of several
 * processes that do so at once one wins and the others throw theirs away; a crash leaves a sibling that nobody uses.
 */
export async function createStateDirectory(
  directory: string,
  fill: (sibling: string) => Promise<void>,
): Promise<'created' | 'exists'> {
  const parent = dirname(directory);
  let sibling: string | undefined;
  try {
    refuseUnsuitable(parent);
    sibling = await mkdtemp(join(parent, `${basename(directory)}.new-`));
    await probeFileSystem(sibling);
    await fill(sibling);
    await flushDirectory(sibling);
    await rename(sibling, directory);
    await flushDirectory(parent);
    return 'created';
  } catch (error) {
    if (isTaken(error)) return 'exists';
    throw stateError(error, directory);
  } finally {
    // Renamed away when all went well.
    if (sibling) await rm(sibling, { recursive: true, force: true }).catch(() => {});
  }
}

/** Linux says ENOTEMPTY, others EEXIST, Windows EPERM (untested). */
function isTaken(error: unknown): boolean {
  const code = errno(error);
  return code === 'ENOTEMPTY' || code === 'EEXIST' || (process.platform === 'win32' && code === 'EPERM');
}

/** Is there one, and is it fit to be believed? */
export function stateDirectoryExists(directory: string): boolean {
  try {
    const problem = unsafe(lstatSync(directory));
    if (problem) {
      throw new LoopyardError('STATE_UNSAFE', `The state directory ${directory} ${problem}.`, {
        path: directory,
      });
    }
    refuseUnsuitable(directory);
    return true;
  } catch (error) {
    if (isMissing(error)) return false;
    throw stateError(error, directory);
  }
}

function unsafe(stat: Stats): string | undefined {
  if (stat.isSymbolicLink()) return 'is a symbolic link';
  if (!stat.isDirectory()) return 'is not a directory';
  if (!process.getuid) return undefined;
  if (stat.uid !== process.getuid()) return `belongs to user ${stat.uid}`;
  if ((stat.mode & 0o022) !== 0) return 'can be written by other users';
  return undefined;
}

/**
 * File systems on which appends of two processes can overwrite each other, or whose links and renames promise
 * nothing, by their magic numbers. The numbers are Linux's; elsewhere the probe alone decides.
 */
const unsuitable: ReadonlyMap<number, string> = new Map([
  [0x6969, 'NFS'],
  [0x01021997, '9p'],
  [0x65735546, 'FUSE'],
  [0x517b, 'SMB'],
  [0xff534d42, 'CIFS'],
  [0xfe534d42, 'SMB2'],
  [0x5346414f, 'AFS'],
  [0x6b414653, 'kAFS'],
  [0x73757245, 'Coda'],
  [0x00c36400, 'Ceph'],
  [0x0bd00bd0, 'Lustre'],
  [0x786f4256, 'VirtualBox shared folder'],
  [0xbacbacbc, 'VMware shared folder'],
]);

function refuseUnsuitable(directory: string): void {
  if (process.platform !== 'linux') return;
  const kind = unsuitable.get(statfsSync(directory).type >>> 0);
  if (kind === undefined) return;
  throw new LoopyardError(
    'STATE_UNSUITABLE',
    `${directory} lies on a ${kind} file system, where appends of several processes are not safe.`,
    { path: directory, fileSystem: kind },
  );
}
