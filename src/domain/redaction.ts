/**
 * What is taken out of everything that workers and checks print before it reaches a disk: values that are known to be
 * secret, and what has the shape of one. Text goes through in pieces, as it is printed, and a secret that is split
 * between two of them is found all the same: what could still become one is held back until more comes.
 *
 * It lowers the odds of a leak and proves nothing: a secret that is spelt backwards is not found.
 */

export const mask = '[redacted]';

/** Names of variables whose values are secrets. `PATH` and `SSH_AUTH_SOCK` are not among them, `NPM_TOKEN` is. */
const secretName =
  /(?:^|_)(?:tokens?|secrets?|passw(?:or)?d|passphrase|pwd|pat|(?:api|access|private|secret|signing|encryption|auth|account|license|master|session|service)_?keys?|key|apikey|credentials?|auth|cookie|dsn|database_url|connection_string)$/i;

/** Shorter values are words of the language as well: to mask them would make output unreadable and hide nothing. */
const shortestValue = 8;

/** Values of the environment that must not be printed, longest first. */
export function secretValues(env: Readonly<Record<string, string | undefined>>): readonly string[] {
  const values = Object.entries(env).flatMap(([name, value = '']) =>
    secretName.test(name) && isSecret(value) ? spellings(value.trim()) : [],
  );
  return [...new Set(values)].sort((a, b) => b.length - a.length);
}

/** Folders and files are named by such variables too, and so are switches. */
function isSecret(value: string): boolean {
  const text = value.trim();
  return text.length >= shortestValue && text.length <= 8_192 && !/^(?:\/|~|\.{1,2}\/|[a-z]:\\)/i.test(text);
}

/** As it is, as it stands in a URL, and as it stands in JSON; of a value with lines, each line that is long enough. */
function spellings(value: string): readonly string[] {
  const lines = value.includes('\n') ? value.split('\n').map((line) => line.trim()) : [value];
  return lines
    .filter((line) => line.length >= shortestValue)
    .flatMap((line) => [line, encoded(line), JSON.stringify(line).slice(1, -1)]);
}

function encoded(text: string): string {
  try {
    return encodeURIComponent(text);
  } catch {
    return text;
  }
}

interface Shape {
  /** One of these is in every text the shape is in, in lower case if that is asked for: cheap to look for. */
  readonly anchors: readonly string[];
  readonly anyCase?: boolean;
  /** The group `keep` holds what stands before the secret and may be shown. */
  readonly expression: RegExp;
}

/**
 * Every repetition is bounded, and followed by nothing it could give back to, so that no text, however made, costs more
 * than its length times a constant. No shape takes in quotes or backslashes: JSON stays JSON.
 */
const shapes: readonly Shape[] = [
  token(['ghp_', 'gho_', 'ghu_', 'ghs_', 'ghr_'], 'gh[pousr]_[A-Za-z0-9]{30,255}'),
  token(['github_pat_'], 'github_pat_[A-Za-z0-9_]{22,255}'),
  token(['glpat-', 'gldt-', 'glrt-', 'glptt-', 'glcbt-'], 'gl(?:pat|dt|rt|ptt|cbt)-[A-Za-z0-9_.-]{20,255}'),
  token(['sk-'], 'sk-(?:(?:ant|proj|svcacct|admin|or)-[A-Za-z0-9_-]{16,512}|[A-Za-z0-9]{32,256})'),
  token(['k_live_', 'k_test_'], '[sr]k_(?:live|test)_[A-Za-z0-9]{16,255}'),
  token(['whsec_'], 'whsec_[A-Za-z0-9+/=]{24,255}'),
  token(['AKIA', 'ASIA'], '(?:AKIA|ASIA)[A-Z0-9]{16}'),
  token(['AIza'], 'AIza[A-Za-z0-9_-]{35}'),
  token(['ya29.'], 'ya29\\.[A-Za-z0-9_-]{20,1024}'),
  token(['GOCSPX-'], 'GOCSPX-[A-Za-z0-9_-]{20,64}'),
  token(['xox', 'xapp-'], '(?:xox[abeoprs]|xapp)-[A-Za-z0-9-]{10,255}'),
  token(['npm_'], 'npm_[A-Za-z0-9]{36}'),
  token(['pypi-'], 'pypi-[A-Za-z0-9_-]{50,1024}'),
  token(['rubygems_'], 'rubygems_[a-f0-9]{48}'),
  token(['hf_'], 'hf_[A-Za-z0-9]{30,64}'),
  token(['SG.'], 'SG\\.[A-Za-z0-9_-]{16,64}\\.[A-Za-z0-9_-]{16,128}'),
  token(['_v1_'], 'do[opr]_v1_[a-f0-9]{64}'),
  token(['dckr_pat_'], 'dckr_pat_[A-Za-z0-9_-]{20,64}'),
  token(['shpat_', 'shpca_', 'shppa_', 'shpss_'], 'shp(?:at|ca|pa|ss)_[a-fA-F0-9]{32}'),
  token(['dapi'], 'dapi[a-f0-9]{32}'),
  token(['hvs.'], 'hvs\\.[A-Za-z0-9_-]{24,512}'),
  token(['lin_api_'], 'lin_api_[A-Za-z0-9]{32,64}'),
  token(['glsa_'], 'glsa_[A-Za-z0-9_]{32,64}'),
  token(['AGE-SECRET-KEY-1'], 'AGE-SECRET-KEY-1[A-Z0-9]{58}'),
  token(['.eyJ'], 'eyJ[A-Za-z0-9_-]{10,2048}\\.eyJ[A-Za-z0-9_-]{10,4096}\\.[A-Za-z0-9_-]{10,1024}'),
  {
    anchors: ['authorization'],
    anyCase: true,
    expression:
      /(?<keep>authorization["']?[ \t]{0,4}[:=][ \t]{0,4}["']?(?:[a-z]{4,16}[ \t]{1,4})?)[a-z0-9+/=._~:-]{8,4096}/gi,
  },
  {
    anchors: ['api-key', 'auth-token', 'private-token', 'secret_access_key', '_authtoken', ':_password'],
    anyCase: true,
    expression:
      /(?<keep>(?:api-key|auth-token|private-token|secret_access_key|_authtoken|:_password)["']?[ \t]{0,4}[:=][ \t]{0,4}["']?)[a-z0-9+/=._~-]{8,1024}/gi,
  },
  {
    anchors: ['://'],
    expression: /(?<keep>:\/\/[^\s/:@"'\\?#]{0,256}:)[^\s/@"'\\]{1,512}(?=@)/g,
  },
];

function token(anchors: readonly string[], source: string): Shape {
  return { anchors, expression: new RegExp(`(?<![A-Za-z0-9_-])(?:${source})(?![A-Za-z0-9_])`, 'g') };
}

/** Nothing longer than this is looked at as one piece. Bytes, as all lengths here. */
const longestPiece = 16 * 1024;
/** Held back of a piece that goes on: what begins in there may be a secret whose end is yet to come. */
const overlap = 4 * 1024;
const keyBegin = /-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----/;
const keyEnd = /-----END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----/;
/** The end of a block may be split between two pieces. */
const longestMark = 80;
/** A block without an end was cut, and what follows is no key. A quote ends it too: it stood in a text of JSON. */
const longestKey = 16 * 1024;

export interface Redactor {
  /** What may be shown by now. */
  write(text: string): string;
  /** Everything held back that is no part of a word: somebody may be waiting for it. */
  pause(): string;
  /** The rest. */
  end(): string;
}

/** One stream of text. Whoever reads bytes may pass each as one character, and the secrets likewise. */
export function openRedactor(secrets: readonly string[]): Redactor {
  let held = '';
  /** Length of the key block we are in so far. */
  let key: number | undefined;

  /** Takes so much of what is held, or a little less or more where the end would lie within something to be masked. */
  const take = (wanted: number): string => {
    if (wanted === 0) return '';
    const spans = secretsIn(held, secrets);
    const split = spans.find(({ start, end }) => start < wanted && end > wanted);
    const cut = split === undefined ? wanted : split.start > 0 ? split.start : split.end;
    const shown = masked(held.slice(0, cut), spans);
    held = held.slice(cut);
    return shown;
  };

  /** Drops what belongs to a key block. Tells whether its end was found. */
  const leaveKey = (length: number): boolean => {
    const end = keyEnd.exec(held);
    const most = longestKey - length;
    const found = end ? end.index + end[0].length : held.search(/["']/);
    const left = found >= 0 && found <= most ? found : held.length > most ? most : undefined;
    const dropped = left ?? Math.max(0, held.length - longestMark);
    held = held.slice(dropped);
    key = left === undefined ? length + dropped : undefined;
    return left !== undefined;
  };

  /** Shows what may be shown by now; `cut` says how much of a text without key blocks that is. */
  const flow = (cut: (text: string) => number): string => {
    let shown = '';
    while (key === undefined || leaveKey(key)) {
      const begin = held.includes('-----BEGIN ') ? keyBegin.exec(held) : null;
      if (!begin) return shown + take(cut(held));
      const before = held.slice(0, begin.index);
      shown += masked(before, secretsIn(before, secrets)) + mask;
      held = held.slice(begin.index + begin[0].length);
      key = 0;
    }
    return shown;
  };

  return {
    write(text) {
      let shown = '';
      for (let start = 0; start < text.length; start += longestPiece) {
        held += text.slice(start, start + longestPiece);
        shown += flow(afterLastLine);
      }
      return shown;
    },
    pause: () => flow((text) => text.length - lastWord(text).length),
    end() {
      const shown = flow((text) => text.length);
      held = '';
      key = undefined;
      return shown;
    },
  };
}

function afterLastLine(text: string): number {
  const line = text.lastIndexOf('\n') + 1;
  return line > 0 || text.length <= longestPiece ? line : text.length - overlap;
}

/** What may still grow into a secret. Looked for from the end: an expression would try from every place. */
function lastWord(text: string): string {
  const least = Math.max(0, text.length - overlap);
  let start = text.length;
  while (start > least && !wordEnds.has(text[start - 1] ?? '')) start--;
  return text.slice(start);
}

const wordEnds: ReadonlySet<string> = new Set(' \t\r\n"\'<>()[]{},;');

/** A text that is there as a whole. */
export function redact(text: string, secrets: readonly string[]): string {
  const redactor = openRedactor(secrets);
  return redactor.write(text) + redactor.end();
}

interface Span {
  readonly start: number;
  readonly end: number;
}

/** Where the secrets are, in order; they may overlap. */
function secretsIn(text: string, secrets: readonly string[]): readonly Span[] {
  const spans: Span[] = [];
  for (const secret of secrets) {
    for (let at = text.indexOf(secret); at >= 0; at = text.indexOf(secret, at + secret.length))
      spans.push({ start: at, end: at + secret.length });
  }
  let lower: string | undefined;
  for (const { anchors, anyCase, expression } of shapes) {
    if (anyCase) lower ??= text.toLowerCase();
    const looked = anyCase && lower !== undefined ? lower : text;
    if (!anchors.some((anchor) => looked.includes(anchor))) continue;
    for (const { 0: match, index, groups } of text.matchAll(expression))
      spans.push({ start: index + (groups?.keep?.length ?? 0), end: index + match.length });
  }
  return spans.sort((a, b) => a.start - b.start);
}

function masked(text: string, spans: readonly Span[]): string {
  let shown = '';
  let from = 0;
  for (const { start, end } of spans) {
    if (start >= text.length) break;
    if (end <= from) continue;
    if (start >= from) shown += text.slice(from, start) + mask;
    from = end;
  }
  return shown + text.slice(from);
}
