import { parse } from '@decimalturn/toml-patch';

/** A comment, a text of any of the four kinds, or one character. */
const token = /#.*|"""(?:\\[\s\S]|[^\\])*?"{3,5}|'''[\s\S]*?'{3,5}|"(?:\\.|[^"\\])*"|'[^']*'|[\s\S]/y;

/** One statement of a valid TOML text: a header or a key with its value, which may go over many lines. */
export interface Statement {
  readonly start: number;
  /** Behind its last character and a comment on the same line, before the line end. */
  readonly end: number;
  /** The path of a header. */
  readonly header?: readonly string[];
}

/** The statements of a text and its comments, in order. */
export function statementsOf(text: string): {
  readonly statements: readonly Statement[];
  readonly comments: readonly string[];
} {
  const statements: Statement[] = [];
  const comments: string[] = [];
  let at = 0;
  while (at < text.length) {
    at += /^[\s\ufeff]*/.exec(text.slice(at))?.[0].length ?? 0;
    if (at >= text.length) break;
    const start = at;
    let depth = 0;
    while (at < text.length && !(depth === 0 && text[at] === '\n')) {
      token.lastIndex = at;
      const piece = token.exec(text)?.[0] ?? ' ';
      if (piece.startsWith('#')) comments.push(piece.trimEnd());
      if (piece === '[' || piece === '{') depth += 1;
      if (piece === ']' || piece === '}') depth -= 1;
      at += piece.length;
    }
    const whole = text.slice(start, at).trimEnd();
    if (whole.startsWith('#')) continue;
    const header = whole.startsWith('[') ? pathOf(whole) : undefined;
    statements.push({ start, end: start + whole.length, ...(header && { header }) });
  }
  return { statements, comments };
}

/** The path a header names, read by the parser itself: `[a."b c"]` is a table in a table. */
function pathOf(header: string): readonly string[] {
  const path: string[] = [];
  let value: unknown = parse(header);
  for (;;) {
    const inner: unknown = Array.isArray(value) ? value[0] : value;
    const [key] = Object.entries(inner ?? {});
    if (!key) return path;
    path.push(key[0]);
    value = key[1];
  }
}
