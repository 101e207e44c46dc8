import { parse, patch } from '@decimalturn/toml-patch';
import { isRecord } from '../domain/record.ts';
import { appended, cutOut, type Edited, refusedAt, saysTheSame } from './edited.ts';
import { statementsOf } from './toml-statements.ts';

export interface TomlKey {
  readonly at: readonly string[];
  readonly value: Readonly<Record<string, unknown>>;
  /** Set only where the table has no such key. */
  readonly defaults: Readonly<Record<string, unknown>>;
}

type Table = Record<string, unknown>;

/**
 * Sets our table in a TOML file. A new table is put at the end, so that no other byte moves; where that is not valid
 * (its parent is an inline table) or a table of ours is there already, the values are patched in place. Either way the
 * result is parsed again and must say what it said before plus our table.
 */
export function setTomlKey(text: string, { at, value, defaults }: TomlKey): Edited {
  const before = opened(text);
  if ('refused' in before) return before;
  const existing = valueAt(before.table, at);
  const wanted: Table = isTable(existing)
    ? { ...defaults, ...existing, ...value }
    : { ...value, ...defaults };
  if (saysTheSame(existing, wanted)) return { text };
  const expected = copied(before.table) as Table;
  if (!assign(expected, at, wanted)) return { refused: `"${at.slice(0, -1).join('.')}" is not a table.` };
  const candidates = [
    ...(existing === undefined ? [() => appended(text, blockOf(at, wanted))] : []),
    () => patched(text, expected),
  ];
  return firstThatSays(text, candidates, expected);
}

/** Takes our table out, and its parent when that was made for it and holds nothing else. */
export function removeTomlKey(
  text: string,
  at: readonly string[],
  shells: readonly (readonly string[])[],
): Edited {
  const before = opened(text);
  if ('refused' in before) return before;
  if (valueAt(before.table, at) === undefined) return { text };
  const expected = copied(before.table) as Table;
  unset(expected, at);
  for (let depth = at.length - 1; depth > 0; depth -= 1) {
    const path = at.slice(0, depth);
    const left = valueAt(expected, path);
    if (!shells.some((shell) => saysTheSame(shell, path)) || !isTable(left) || Object.keys(left).length > 0)
      break;
    unset(expected, path);
  }
  const done = firstThatSays(text, [() => withoutTables(text, at), () => patched(text, expected)], expected);
  const own = shells.some((shell) => shell.length === 0);
  return 'text' in done && own && done.text?.replace(/^\ufeff/, '').trim() === ''
    ? { text: undefined }
    : done;
}

/** The value at a path, or undefined; also when the text cannot be read. */
export function tomlValueAt(text: string, at: readonly string[]): unknown {
  const read = opened(text);
  return 'refused' in read ? undefined : valueAt(read.table, at);
}

/** The tables on the way to a key that are not there yet. */
export function missingTomlParents(text: string, at: readonly string[]): readonly (readonly string[])[] {
  const read = opened(text);
  if ('refused' in read) return [];
  const missing = at
    .map((_, depth) => at.slice(0, depth))
    .filter((path) => path.length > 0 && valueAt(read.table, path) === undefined);
  return text.replace(/^\ufeff/, '') === '' ? [[], ...missing] : missing;
}

function opened(text: string): { readonly table: Table } | Extract<Edited, { refused: string }> {
  try {
    return { table: parse(text) as Table };
  } catch (thrown) {
    // Of the library's error only the place is taken: lines count from one, columns from nought.
    const { line, column } = thrown as { line?: unknown; column?: unknown };
    const refused = 'It is not valid TOML.';
    return typeof line === 'number' && typeof column === 'number'
      ? { refused, line, column: column + 1 }
      : { refused };
  }
}

/** The first candidate that reads back as what was meant. */
function firstThatSays(text: string, candidates: readonly (() => string)[], expected: Table): Edited {
  for (const candidate of candidates) {
    try {
      const after = candidate();
      if (saysTheSame(parse(after), expected)) return { text: after };
    } catch {
      // Not valid at that place; the next candidate.
    }
  }
  return refusedAt(text, 0, 'It cannot be edited without changing something else.');
}

/** The library's way, which now and then takes a comment along: then it does not count. */
function patched(text: string, expected: Table): string {
  const after = patch(text, expected);
  const left = statementsOf(after).comments;
  return statementsOf(text).comments.every((comment) => left.includes(comment)) ? after : '';
}

function blockOf(at: readonly string[], table: Table): string {
  const lines = Object.entries(table).map(([key, value]) => `${keyText(key)} = ${tomlText(value)}`);
  return [headerOf(at), ...lines].join('\n');
}

function headerOf(at: readonly string[]): string {
  return `[${at.map(keyText).join('.')}]`;
}

function keyText(key: string): string {
  return /^[\w-]+$/.test(key) ? key : JSON.stringify(key);
}

/** What JSON escapes in a text, TOML reads the same way. */
function tomlText(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(tomlText).join(', ')}]`;
  if (!isTable(value)) return JSON.stringify(value);
  const parts = Object.entries(value).map(([key, part]) => `${keyText(key)} = ${tomlText(part)}`);
  return parts.length > 0 ? `{ ${parts.join(', ')} }` : '{}';
}

/**
 * The text without our tables: each header with everything up to its last value. Comments and empty lines behind that
 * may belong to what follows, so they stay.
 */
function withoutTables(text: string, at: readonly string[]): string {
  const { statements } = statementsOf(text);
  const isOurs = (header: readonly string[]) => at.every((key, depth) => header[depth] === key);
  const ranges: { start: number; end: number }[] = [];
  let open = false;
  for (const { start, end, header } of statements) {
    if (header) open = isOurs(header);
    if (!open) continue;
    const last = ranges.at(-1);
    if (last && !header) last.end = end;
    else ranges.push({ start, end });
  }
  return ranges.toReversed().reduce((rest, { start, end }) => cutOut(rest, start, end), text);
}

function copied(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(copied);
  if (!isTable(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, copied(part)]));
}

function valueAt(table: Table, at: readonly string[]): unknown {
  return at.reduce<unknown>((value, key) => (isTable(value) ? value[key] : undefined), table);
}

function assign(table: Table, [key = '', ...rest]: readonly string[], value: unknown): boolean {
  if (rest.length === 0) {
    table[key] = value;
    return true;
  }
  table[key] ??= {};
  const next = table[key];
  return isTable(next) && assign(next, rest, value);
}

function unset(table: Table, [key = '', ...rest]: readonly string[]): void {
  const next = table[key];
  if (rest.length === 0) delete table[key];
  else if (isTable(next)) unset(next, rest);
}

function isTable(value: unknown): value is Table {
  return isRecord(value) && !(value instanceof Date);
}
