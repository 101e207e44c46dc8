import { brief } from '../text.ts';
import type { Finding } from './findings.ts';
import { overruled, type ProtectedChange } from './integrity.ts';
import type { CheckJudgement } from './judgement.ts';
import type { Remarks } from './verification.ts';

export interface Remarkable {
  readonly changes: readonly ProtectedChange[];
  readonly findings: readonly Finding[];
  readonly checks: readonly CheckJudgement[];
  /** Tracked files that the checks altered and that decide nothing. */
  readonly altered: readonly string[];
  readonly reused?: string | undefined;
  /** What others want to have said. */
  readonly said: readonly string[];
}

/** The short form of a verification's evidence, for the journal and for answers: few sentences, foreign names cut. */
export function remarksOf({ changes, findings, checks, altered, reused, said }: Remarkable): Remarks {
  const withFate = (fate: ProtectedChange['fate']) => changes.filter((change) => change.fate === fate);
  const notes = [
    ...about('Judged as on the base, because protected', withFate('restored').map(ruled)),
    ...about('New and protected, so not there while it was judged', withFate('dropped').map(ruled)),
    ...about('Protected, and allowed to change', withFate('allowed').map(ruled)),
    ...about(
      'Changed only in what decides nothing',
      withFate('harmless').map(({ path }) => path),
    ),
    ...findings.slice(0, 3).map(({ path, what }) => `Look at ${path}: it ${what}.`),
    ...(findings.length > 3 ? [`${findings.length - 3} more such findings are in the evidence.`] : []),
    ...checks.flatMap(({ name, remark }) =>
      remark === undefined ? [] : [`"${brief(name, 60)}": ${remark}`],
    ),
    ...checks.flatMap(({ name, preexisting, passed }) =>
      passed ? [] : about(`"${brief(name, 60)}": failed on the base too`, preexisting),
    ),
    ...about('The checks altered tracked files', altered),
    ...(reused === undefined
      ? []
      : [`The runs are those of ${reused}, on the same files; with fresh they are run anew.`]),
    ...said,
  ];
  const paths = overruled(changes);
  return {
    ...(notes.length > 0 ? { notes: notes.slice(0, 12).map((note) => brief(note, 400)) } : {}),
    ...(paths.length > 0
      ? { overruled: { paths: paths.slice(0, 10).map((path) => brief(path, 200)), count: paths.length } }
      : {}),
    ...(reused === undefined ? {} : { reused }),
  };
}

const ruled = ({ path, rule }: ProtectedChange) => `${path} (${rule})`;

function about(what: string, names: readonly string[]): string[] {
  if (names.length === 0) return [];
  const shown = names.slice(0, 4).map((name) => brief(name, 80).replaceAll('\n', ' '));
  const more = names.length > 4 ? ` and ${names.length - 4} more` : '';
  return [`${what}: ${shown.join(', ')}${more}.`];
}

/** Why a person lands it and auto_merge does not; undefined when nothing stands against it. */
export function landedByHand({ overruled: found }: Remarks): string | undefined {
  if (!found) return undefined;
  const more = found.count > found.paths.length ? ` and ${found.count - found.paths.length} more` : '';
  return (
    `It passed, judged with the protected files of the base, but its commit changes them: ${found.paths.join(', ')}${more}. ` +
    'merge lands it with these changes; allow_changes lets a loop make them.'
  ).slice(0, 1_900);
}
