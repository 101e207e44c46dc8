import { plain } from '../domain/text.ts';

export { plain, shorten } from '../domain/text.ts';

/**
 * Foreign text as a block that it cannot leave: the fence is longer than any run of backticks inside. What a worker, a
 * check or a file says is data, and a model that reads it must be able to see where it ends.
 */
export function fence(text: string, label = ''): string {
  // Measured on what is shown: a control character between two backticks is gone by then.
  const shown = plain(text).trimEnd();
  const longest = [...shown.matchAll(/`+/g)].reduce((most, [run]) => Math.max(most, run.length), 0);
  const marks = '`'.repeat(Math.max(3, longest + 1));
  return `${marks}${label}\n${shown}\n${marks}`;
}
