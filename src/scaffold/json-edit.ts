import { getNodeValue, type Node, type ParseError, parseTree, printParseErrorCode } from 'jsonc-parser';
import { type Edited, endingOf, refusedAt, saysTheSame } from './edited.ts';
import { insertedAt, jsonText, replacedAt, withoutProperty } from './json-text.ts';

export interface JsonKey {
  readonly at: readonly string[];
  readonly value: Readonly<Record<string, unknown>>;
  /** Set only where the entry has no such key. */
  readonly defaults: Readonly<Record<string, unknown>>;
}

/**
 * Sets our key in a JSON file that may have comments, trailing commas, a BOM and any line endings. Bytes outside the
 * key stay; at most a comma is put behind the entry before it. The result is parsed again and must say what it said
 * before plus our key, otherwise the file is left alone.
 */
export function setJsonKey(text: string, { at, value, defaults }: JsonKey): Edited {
  const opened = open(text, at);
  if ('refused' in opened) return opened;
  const { bom, body, root, found } = opened;
  const before = root ? getNodeValue(root) : {};
  let after = body;
  if (isObject(found)) {
    const existing = getNodeValue(found) as Record<string, unknown>;
    const missing = Object.entries(defaults).filter(([key]) => !(key in existing));
    for (const [key, part] of [...Object.entries(value), ...missing]) after = set(after, [...at, key], part);
  } else {
    after = set(after, at, { ...value, ...defaults });
  }
  const expected = structuredClone(before) as Record<string, unknown>;
  const merged = isObject(found) ? { ...defaults, ...(getNodeValue(found) as object), ...value } : undefined;
  assign(expected, at, merged ?? { ...value, ...defaults });
  return checked(text, bom + after, expected);
}

/**
 * Takes our key out. `shells` are the objects that were made for it, named by their paths (the empty path is the
 * document): they go too when nothing else is in them.
 */
export function removeJsonKey(
  text: string,
  at: readonly string[],
  shells: readonly (readonly string[])[],
): Edited {
  const opened = open(text, at);
  if ('refused' in opened) return opened;
  const { bom, body, root, found } = opened;
  if (!root || !found) return { text };
  const expected = structuredClone(getNodeValue(root)) as Record<string, unknown>;
  let after = body;
  for (let depth = at.length; depth > 0; depth -= 1) {
    const path = at.slice(0, depth);
    const own = depth === at.length || shells.some((shell) => saysTheSame(shell, path));
    if (!own || (depth < at.length && !isHollow(after, nodeAt(after, path)))) break;
    after = withoutProperty(after, path);
    unset(expected, path);
  }
  const document = nodeAt(after, []);
  if (shells.some((shell) => shell.length === 0) && document && isHollow(after, document)) {
    const rest = after.slice(0, document.offset) + after.slice(document.offset + document.length);
    return { text: rest.trim() === '' ? undefined : bom + rest.replace(/\r?\n$/, '') };
  }
  return checked(text, bom + after, expected);
}

/** The value at a path, or undefined; also when the text cannot be read. */
export function jsonValueAt(text: string, at: readonly string[]): unknown {
  const opened = open(text, at);
  return 'refused' in opened || !opened.found ? undefined : getNodeValue(opened.found);
}

/** The objects on the way to a key that are not there yet. */
export function missingJsonParents(text: string, at: readonly string[]): readonly (readonly string[])[] {
  return at
    .map((_, depth) => at.slice(0, depth))
    .filter((path) => nodeAt(unmarked(text), path) === undefined);
}

interface Opened {
  readonly bom: string;
  readonly body: string;
  /** Undefined for a file with nothing but space and comments. */
  readonly root: Node | undefined;
  readonly found: Node | undefined;
}

function open(text: string, at: readonly string[]): Opened | Extract<Edited, { refused: string }> {
  const body = unmarked(text);
  const bom = text.slice(0, text.length - body.length);
  if (isBlank(body)) return { bom, body, root: undefined, found: undefined };
  const errors: ParseError[] = [];
  const root = parseTree(body, errors, { allowTrailingComma: true });
  const [first] = errors;
  const refuse = (offset: number, because: string) =>
    refusedAt(body, offset, because) as Extract<Edited, { refused: string }>;
  if (first) return refuse(first.offset, `It is not valid JSON (${printParseErrorCode(first.error)}).`);
  if (root?.type !== 'object') return refuse(root?.offset ?? 0, 'It is JSON, but not an object.');
  let node: Node = root;
  for (const [depth, key] of at.entries()) {
    if (node.type !== 'object')
      return refuse(node.offset, `"${at.slice(0, depth).join('.')}" is not an object.`);
    const same = (node.children ?? []).filter(({ children }) => children?.[0]?.value === key);
    const [property, second] = same;
    if (second) return refuse(second.offset, `"${key}" stands there twice.`);
    const next = property?.children?.[1];
    if (!next) return { bom, body, root, found: undefined };
    node = next;
  }
  return { bom, body, root, found: node };
}

function set(body: string, path: readonly string[], value: unknown): string {
  if (isBlank(body)) {
    const ending = endingOf(body);
    const gap = body === '' || body.endsWith('\n') ? '' : ending;
    const whole = path.reduceRight((inner, key) => ({ [key]: inner }), value);
    return `${body}${gap}${jsonText(whole, { indent: '', unit: '  ', ending, inline: false })}${ending}`;
  }
  const found = nodeAt(body, path);
  if (found) return saysTheSame(getNodeValue(found), value) ? body : replacedAt(body, found, value);
  let depth = path.length - 1;
  while (depth > 0 && nodeAt(body, path.slice(0, depth)) === undefined) depth -= 1;
  const parent = nodeAt(body, path.slice(0, depth));
  const whole = path.slice(depth + 1).reduceRight((inner, key) => ({ [key]: inner }), value);
  return parent ? insertedAt(body, parent, path[depth] ?? '', whole) : body;
}

function nodeAt(body: string, path: readonly string[]): Node | undefined {
  let node = isBlank(body) ? undefined : parseTree(body, [], { allowTrailingComma: true });
  for (const key of path) {
    const property: Node | undefined = node?.children?.find(({ children }) => children?.[0]?.value === key);
    node = node?.type === 'object' ? property?.children?.[1] : undefined;
  }
  return node;
}

/** An object with nothing in it, not even a comment. */
function isHollow(body: string, node: Node | undefined): boolean {
  return isObject(node) && /^\{\s*\}$/.test(body.slice(node.offset, node.offset + node.length));
}

function isObject(node: Node | undefined): node is Node {
  return node?.type === 'object';
}

/** Space and comments only. */
function isBlank(body: string): boolean {
  return body.replace(/\/\*[\s\S]*?\*\/|\/\/.*/g, '').trim() === '';
}

function unmarked(text: string): string {
  return text.replace(/^\ufeff/, '');
}

/** The last guard: nothing is written that does not read back as what was meant. */
function checked(before: string, after: string, expected: unknown): Edited {
  const errors: ParseError[] = [];
  const root = parseTree(unmarked(after), errors, { allowTrailingComma: true });
  if (root && errors.length === 0 && saysTheSame(getNodeValue(root), expected)) return { text: after };
  return refusedAt(before, 0, 'It cannot be edited without changing something else.');
}

function assign(target: Record<string, unknown>, at: readonly string[], value: unknown): void {
  const [key = '', ...rest] = at;
  if (rest.length === 0) {
    target[key] = value;
    return;
  }
  target[key] ??= {};
  assign(target[key] as Record<string, unknown>, rest, value);
}

function unset(target: Record<string, unknown>, at: readonly string[]): void {
  const [key = '', ...rest] = at;
  if (rest.length === 0) delete target[key];
  else unset(target[key] as Record<string, unknown>, rest);
}
