import { LoopyardError } from '../errors.ts';
import { nearest } from '../nearest.ts';
import { shown } from '../text.ts';
import { names, type SettingName } from './settings.ts';

/** The setting a person names, with hyphens or underscores. Throws INVALID_ARGUMENT, after what it was typed for. */
export function settingNamed(word: string, where = ''): SettingName {
  const folded = word.replaceAll('-', '_');
  const found = names.find((name) => name === folded);
  if (found) return found;
  throw new LoopyardError('INVALID_ARGUMENT', `${where}${noSuchSetting(shown(word), names)}`, {
    known: names,
  });
}

/** `There is no setting "max_lops"; did you mean "max_loops"?` The word is the part of the name that may be misspelt. */
export function noSuchSetting(name: string, known: readonly string[], word = name): string {
  const match = nearest(word, known);
  return `There is no setting "${name}"${match ? `; did you mean "${match}"?` : `. There are: ${known.join(', ')}.`}`;
}
