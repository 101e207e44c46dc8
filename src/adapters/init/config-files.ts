import { randomBytes } from 'node:crypto';
import {
  chmodSync,
  chownSync,
  closeSync,
  existsSync,
  fsyncSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  renameSync,
  rmdirSync,
  rmSync,
  type Stats,
  statSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { LoopyardError } from '../../domain/errors.ts';

/** A file as it was found: its text (undefined: there is none), or why it cannot be used, as a sentence. */
export type FoundFile =
  | { readonly real: string; readonly text: string | undefined }
  | { readonly real: string; readonly unusable: string };

/** Far more than any configuration; a file beyond it is something else. */
const largest = 32 * 1024 * 1024;

/**
 * Reads somebody's configuration file through its symbolic links. A path that must stay below `within` may not be led
 * outside by a link: a repository does not get to choose which file of the home is edited.
 */
export function readConfigFile(file: string, within?: string): FoundFile {
  let real = file;
  try {
    real = throughLinks(path.resolve(file));
    if (within !== undefined && !isBelow(real, realpathSync(within))) {
      return { real, unusable: `It is a symbolic link that leads out of the project, to ${real}.` };
    }
    const stat = statSync(real, { throwIfNoEntry: false });
    if (!stat) return { real, text: undefined };
    if (!stat.isFile()) return { real, unusable: 'It is not a file.' };
    if (stat.size > largest) return { real, unusable: 'It is larger than 32 MB.' };
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(readFileSync(real));
    // Replacing needs no right on the file itself, so the wish of its owner is read from the mode.
    if ((stat.mode & 0o222) === 0) return { real, unusable: 'It is read-only.' };
    return { real, text };
  } catch (thrown) {
    if (thrown instanceof TypeError) return { real, unusable: 'It is not UTF-8 text.' };
    const { code } = thrown as NodeJS.ErrnoException;
    if (code === 'ENOTDIR') return { real, unusable: 'One of its folders is a file.' };
    return { real, unusable: `It cannot be read (${code ?? 'unknown'}).` };
  }
}

/** The folders that would have to be made for a file, the outermost first. */
export function missingFolders(file: string): readonly string[] {
  const missing: string[] = [];
  for (let folder = path.dirname(file); !existsSync(folder); folder = path.dirname(folder)) {
    missing.unshift(folder);
  }
  return missing;
}

/**
 * Puts another text in the place of the one that was read, or takes the file away (`after` undefined). The new text is
 * written beside it, flushed, and renamed over it: a crash at any instruction leaves the old file or the new one. Mode
 * and owner stay. Throws BUSY when the file is no longer what was read, STATE_UNWRITABLE when it cannot be done.
 */
export function replaceConfigFile(real: string, before: string | undefined, after: string | undefined): void {
  const folder = path.dirname(real);
  try {
    mkdirSync(folder, { recursive: true });
    sweepUnfinished(real);
    const stat = statSync(real, { throwIfNoEntry: false });
    const unfinished = path.join(folder, `${unfinishedName(real)}${randomBytes(6).toString('hex')}`);
    try {
      if (after !== undefined) writeFlushed(unfinished, after, stat);
      const now = stat ? readFileSync(real, 'utf8') : undefined;
      // Some programs rewrite their own configuration while they run.
      if (now !== before) {
        throw new LoopyardError('BUSY', `${real} was changed by somebody else at the same moment.`, {
          file: real,
        });
      }
      if (after === undefined) rmSync(real);
      else renameSync(unfinished, real);
    } finally {
      rmSync(unfinished, { force: true });
    }
    flushFolder(folder);
  } catch (thrown) {
    if (thrown instanceof LoopyardError) throw thrown;
    throw new LoopyardError(
      'STATE_UNWRITABLE',
      `${real} cannot be written.`,
      { file: real },
      { cause: thrown },
    );
  }
}

/** Takes away what a killed process left beside a file. One still at work loses its turn, and says so. */
export function sweepUnfinished(real: string): void {
  const folder = path.dirname(real);
  if (!existsSync(folder)) return;
  for (const name of readdirSync(folder)) {
    if (name.startsWith(unfinishedName(real))) rmSync(path.join(folder, name), { force: true });
  }
}

/** Takes away those folders that have nothing in them, the innermost first. */
export function removeEmptyFolders(folders: readonly string[]): void {
  for (const folder of folders.toSorted((a, b) => b.length - a.length)) {
    try {
      rmdirSync(folder);
    } catch {
      // Something is in it, or it is gone.
    }
  }
}

/** The file that a path means, though it or its folders may not exist yet, and though links may lead to nothing. */
function throughLinks(file: string, depth = 0): string {
  const stat = lstatSync(file, { throwIfNoEntry: false });
  if (stat?.isSymbolicLink() && depth < 40) {
    return throughLinks(path.resolve(path.dirname(file), readlinkSync(file)), depth + 1);
  }
  const folder = path.dirname(file);
  if (folder === file) return file;
  if (stat) return realpathSync(file);
  return path.join(throughLinks(folder, depth + 1), path.basename(file));
}

function isBelow(file: string, folder: string): boolean {
  const relative = path.relative(folder, file);
  return (
    relative !== '' &&
    !relative.startsWith(`..${path.sep}`) &&
    relative !== '..' &&
    !path.isAbsolute(relative)
  );
}

function unfinishedName(real: string): string {
  return `.${path.basename(real)}.loopyard-`;
}

function writeFlushed(file: string, text: string, like: Stats | undefined): void {
  const handle = openSync(file, 'wx', like ? like.mode & 0o777 : 0o644);
  try {
    writeFileSync(handle, text);
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
  if (!like || process.platform === 'win32') return;
  chmodSync(file, like.mode & 0o7777);
  const mine = statSync(file);
  if (mine.uid === like.uid && mine.gid === like.gid) return;
  try {
    chownSync(file, like.uid, like.gid);
  } catch {
    // Only root may give files away; then the file belongs to whoever edits it, as with any editor.
  }
}

function flushFolder(folder: string): void {
  if (process.platform === 'win32') return; // folders cannot be opened there; untested
  const handle = openSync(folder, 'r');
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}
