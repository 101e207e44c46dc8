/** What must not leave this machine, besides what looks like a secret. */
export interface Private {
  readonly home: string;
  readonly user: string;
  readonly host: string;
  readonly repository: string | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
}

const secretName = /key|token|secret|passw|auth|credential|cookie|session|private/i;
/** Shapes of tokens; then whatever is long and looks random, object ids of git included. */
const shapes = [
  /-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)/g,
  /\b(?:sk|pk|rk|ghp|gho|ghs|ghu|github_pat|glpat|xox[a-z]|AKIA|ASIA|npm|hf|AIza)[-_A-Za-z0-9]{12,}/g,
  /\beyJ[-\w]{8,}\.[-\w]+\.[-\w]*/g,
  /(?<=:\/\/)[^\s/@]+(?=@)/g,
  /\b[-+/\w]{32,}={0,2}/g,
];

/** Makes the function that takes private things out of a text. Lines are cut first, so that no pattern runs on much. */
export function redaction({ home, user, host, repository, env }: Private): (text: string) => string {
  const values = Object.entries(env)
    .filter(([name, value]) => secretName.test(name) && (value?.length ?? 0) >= 6)
    .map(([, value]) => value ?? '')
    .sort((a, b) => b.length - a.length);
  const words: readonly (readonly [string, string])[] = [
    ...values.map((value) => [value, '<secret>'] as const),
    ...(repository === undefined ? [] : [[repository, '<repository>'] as const]),
    ...(home.length > 1 ? [[home, '~'] as const] : []),
  ];
  // Names as whole words only: a user called "a" must not turn every a into something else.
  const names = [user, host]
    .filter((name) => name.length > 2)
    .map((name) => new RegExp(`\\b${escaped(name)}\\b`, 'g'));
  return (text) => {
    let told = text.slice(0, 4_000);
    for (const [word, instead] of words) told = told.replaceAll(word, instead);
    for (const shape of shapes) told = told.replace(shape, '<secret>');
    for (const name of names) told = told.replace(name, '<name>');
    return told;
  };
}

const escaped = (text: string) => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
