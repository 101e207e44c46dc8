import type { Signature } from '../../ports/git.ts';
import { fields, type GitRunner } from './command.ts';

/**
 * Our commands see neither the global nor the system configuration, but a few settings there decide what a file
 * becomes when it is added: without the user's ignore file we would commit what they never would, without the LFS
 * filter whole videos, without autocrlf every line of a file. Read once and handed to the commands that touch a
 * working tree. (The same settings in the repository's own configuration apply anyway.)
 */
export async function readUserSettings(git: GitRunner, commonDir: string): Promise<readonly string[]> {
  const { code, stdout } = await git.ask({
    asUser: true,
    gitDir: commonDir,
    args: ['config', '--show-scope', '--null', '--includes', '--get-regexp', wanted],
  });
  if (code !== 0) return [];
  const settings: string[] = [];
  const parts = fields(stdout);
  for (let i = 0; i + 1 < parts.length; i += 2) {
    const [scope, entry = ''] = [parts[i], parts[i + 1]];
    if (scope !== 'global' && scope !== 'system') continue;
    const split = entry.indexOf('\n');
    settings.push(split < 0 ? entry : `${entry.slice(0, split)}=${entry.slice(split + 1)}`);
  }
  return settings;
}

/** The user's configured identity: the repository's configuration first, then the global one. */
export async function readIdentity(git: GitRunner, commonDir: string): Promise<Signature | undefined> {
  const read = async (key: string) => {
    const { code, stdout } = await git.ask({
      asUser: true,
      gitDir: commonDir,
      args: ['config', '--null', '--get', key],
    });
    return code === 0 ? (fields(stdout)[0] ?? '').trim() : '';
  };
  const [name, email] = await Promise.all([read('user.name'), read('user.email')]);
  return name && email ? { name, email } : undefined;
}

const wanted =
  '^(filter\\..*\\.(clean|smudge|process|required)|core\\.(autocrlf|eol|safecrlf|excludesfile|attributesfile|precomposeunicode))$';
