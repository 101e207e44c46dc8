import { LoopyardError } from '../domain/errors.ts';
import { errno, isNoSpace } from './errno.ts';

/** Codes of errors that say nothing about us or the data: too many open files, interrupted, try again. */
const passing = new Set(['EMFILE', 'ENFILE', 'EAGAIN', 'EBUSY', 'EINTR', 'ENOMEM']);
/** What opening with O_NOFOLLOW says of a link, a directory, a pipe or a socket where a file belongs. */
const notAFile = new Set(['ELOOP', 'EISDIR', 'ENOTDIR', 'ENXIO', 'EMLINK']);

/** What the system said, in the words of loopyard. What is one of ours already stays as it is. */
export function stateError(thrown: unknown, path: string): LoopyardError {
  if (thrown instanceof LoopyardError) return thrown;
  const code = errno(thrown) ?? 'unknown';
  const facts = { path, system: code };
  const options = { cause: thrown };
  if (isNoSpace(thrown)) {
    return new LoopyardError(
      'DISK_FULL',
      `There is no space left to record anything in ${path}.`,
      facts,
      options,
    );
  }
  if (passing.has(code)) {
    return new LoopyardError(
      'BUSY',
      `The system could not serve ${path} just now (${code}).`,
      facts,
      options,
    );
  }
  if (notAFile.has(code)) {
    return new LoopyardError(
      'STATE_UNSAFE',
      `${path} is not a regular file of loopyard's own.`,
      facts,
      options,
    );
  }
  return new LoopyardError('STATE_UNWRITABLE', `${path} cannot be used (${code}).`, facts, options);
}
