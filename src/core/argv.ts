import { parse } from 'shell-quote';
import { invalid } from '../domain/errors.ts';

type Argv = [string, ...string[]];

/**
 * A command line as an argument vector, without any shell: quotes group words, nothing else has a meaning. What only a
 * shell could do is refused with the way to say it, instead of being done differently from what it looks like.
 */
export function argvFrom(line: string, what: string): Argv {
  if (line.length > 8_000)
    throw invalid(`${what} is ${line.length} characters long; at most 8000 are possible.`);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: that is what is looked for
  if (/[\u0000-\u0008\u000b-\u001f\u007f]/.test(line)) throw invalid(`${what} contains a control character.`);
  const words = parse(line, (name) => ({ op: `$${name}` }));
  const special = words.find((word) => typeof word !== 'string');
  if (special !== undefined || /[`\n]/.test(line)) {
    const sign =
      typeof special === 'object' ? ('op' in special ? special.op : '#') : 'a line break or backquote';
    throw invalid(
      `${what} uses shell syntax (${sign}), and loopyard runs commands without a shell. Give one command, several ` +
        `checks, or name the shell yourself: sh -c '…'.`,
    );
  }
  const [program, ...args] = words.filter((word) => typeof word === 'string');
  if (program === undefined || program === '') throw invalid(`${what} is empty.`);
  return [program, ...args];
}
