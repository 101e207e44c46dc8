import { mask, redact, secretValues } from '../redaction.ts';

/** What must not leave this machine, besides what looks like a secret. */
export interface Private {
  readonly home: string;
  readonly user: string;
  readonly host: string;
  readonly repository: string | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** A report goes to strangers, so more is taken out than of output that stays here; object ids of git are lost as well. */
const suspicious = [
  /\b(?:sk|pk|rk|ghp|gho|ghs|ghu|github_pat|glpat|xox[a-z]|AKIA|ASIA|npm|hf|AIza)[-_A-Za-z0-9]{12,}/g,
  /\beyJ[-\w]{8,}\.[-\w]+\.[-\w]*/g,
  /(?<=:\/\/)[^\s/@]+(?=@)/g,
  /\b[-+/\w]{32,}={0,2}/g,
];

/** Makes the function that takes secrets and private names out of a text. A long text is cut. */
export function withoutPrivate({ home, user, host, repository, env }: Private): (text: string) => string {
  const secrets = secretValues(env);
  const places: readonly (readonly [string, string])[] = [
    ...(repository === undefined ? [] : [[repository, '<repository>'] as const]),
    ...(home.length > 1 ? [[home, '~'] as const] : []),
  ];
  // Names as whole words only: a user called "a" must not turn every a into something else.
  const names = [user, host]
    .filter((name) => name.length > 2)
    .map((name) => new RegExp(`\\b${escaped(name)}\\b`, 'g'));
  return (text) => {
    let told = redact(text.slice(0, 4_000), secrets);
    for (const [place, instead] of places) told = told.replaceAll(place, instead);
    for (const shape of suspicious) told = told.replace(shape, mask);
    for (const name of names) told = told.replace(name, '<name>');
    return told;
  };
}

const escaped = (text: string) => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
