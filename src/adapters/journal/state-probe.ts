import { closeSync, linkSync, openSync, readFileSync, renameSync, unlinkSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { LoopyardError } from '../../domain/errors.ts';
import { errno } from '../errno.ts';

const turns = 3;

/**
 * Tries, once in the life of a state directory, what the journal rests on: appends through two descriptors never
 * overwrite each other, link() refuses a name that is taken, rename() replaces. Finds mounts whose type says nothing.
 */
export async function probeFileSystem(directory: string): Promise<void> {
  const path = join(directory, 'probe');
  const other = `${path}.other`;
  const first = openSync(path, 'ax', 0o600);
  const second = openSync(path, 'a');
  try {
    for (let turn = 0; turn < turns; turn += 1) {
      writeSync(first, `a${turn}`);
      writeSync(second, `b${turn}`);
    }
    const expected = Array.from({ length: turns }, (_, turn) => `a${turn}b${turn}`).join('');
    require(readFileSync(path, 'utf8') === expected, directory, 'appends overwrite each other');
  } finally {
    closeSync(first);
    closeSync(second);
  }
  linkSync(path, other);
  require(refusesTaken(path, other), directory, 'link() replaces a name that is taken');
  renameSync(other, `${path}.renamed`);
  unlinkSync(`${path}.renamed`);
  unlinkSync(path);
}

function refusesTaken(path: string, other: string): boolean {
  try {
    linkSync(path, other);
    return false;
  } catch (error) {
    return errno(error) === 'EEXIST';
  }
}

function require(holds: boolean, directory: string, finding: string): void {
  if (holds) return;
  throw new LoopyardError(
    'STATE_UNSUITABLE',
    `The file system of ${directory} cannot hold the journal: ${finding}.`,
    { path: directory },
  );
}
