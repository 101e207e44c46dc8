import { LoopyardError } from './domain/errors.ts';
import { settingNamed } from './domain/settings/setting-name.ts';
import { variableOf } from './domain/settings/settings.ts';

/**
 * Takes `--set key=value` out of a line, as often as it is there, wherever it stands before `--`. Answers the line that
 * remains and the variables that say the same, with which a keeper that this process starts has the settings too.
 * Throws INVALID_ARGUMENT for a key that does not exist; values are judged with all others.
 */
export function settingFlags(argv: readonly string[]): {
  argv: readonly string[];
  env: Readonly<Record<string, string>>;
} {
  const end = argv.includes('--') ? argv.indexOf('--') : argv.length;
  const rest: string[] = [];
  const env: Record<string, string> = {};
  const set: string[] = [];
  for (let at = 0; at < argv.length; at += 1) {
    const word = argv[at] ?? '';
    if (at >= end || !/^--set(?:=|$)/.test(word)) {
      rest.push(word);
      continue;
    }
    if (word === '--set') at += 1;
    const [key, value] = pair(word === '--set' ? (argv[at] ?? '') : word.slice('--set='.length));
    env[variableOf(key)] = value;
    set.push(key);
  }
  return { argv: rest, env: set.length > 0 ? { ...env, LOOPYARD_FLAGS: set.join(',') } : {} };
}

function pair(text: string): readonly [string, string] {
  const equals = text.indexOf('=');
  if (equals < 1) {
    throw new LoopyardError('INVALID_ARGUMENT', '"--set" takes a setting and its value: --set max_loops=8');
  }
  return [settingNamed(text.slice(0, equals), '"--set": '), text.slice(equals + 1)];
}
