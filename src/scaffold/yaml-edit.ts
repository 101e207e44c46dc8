import yaml, { type Document, type Node, type Pair, type YAMLMap, type YAMLSeq } from 'yaml';
import { isRecord } from '../domain/record.ts';
import { appended, cutOut, type Edited, endingOf, refusedAt, saysTheSame } from './edited.ts';
import { block, flow, lastOffset, lineEnd, lineStart } from './yaml-text.ts';

export interface YamlPlace {
  readonly at: readonly string[];
  /** What holds our entry is a list, and this key of an item is its name. */
  readonly by?: string | undefined;
}

export interface YamlKey extends YamlPlace {
  readonly value: Readonly<Record<string, unknown>>;
  /** Set only where the entry has no such key. */
  readonly defaults: Readonly<Record<string, unknown>>;
}

type Refusal = Extract<Edited, { refused: string }>;
type Container = YAMLMap | YAMLSeq;

/**
 * Sets our entry in a YAML file by putting lines in, or characters where the file is written in flow style; nothing is
 * written anew, so every foreign byte stays. The result is parsed again and must say what it said before plus our
 * entry, otherwise the file is left alone.
 */
export function setYamlKey(text: string, key: YamlKey): Edited {
  const opened = open(text, key);
  if ('refused' in opened) return opened;
  const { bom, body, entry, document } = opened;
  const existing = entry === undefined ? undefined : meaningOf(entry, document);
  const named = key.by === undefined ? {} : { [key.by]: key.at.at(-1) };
  const wanted = isRecord(existing)
    ? { ...key.defaults, ...existing, ...key.value }
    : { ...named, ...key.value, ...key.defaults };
  if (saysTheSame(existing, wanted)) return { text };
  const after = isRecord(existing)
    ? Object.entries(wanted).reduce((done, [name, part]) => withValue(done, key, name, part), body)
    : withEntry(body, key, wanted);
  return checked(text, bom + after, key, wanted);
}

/** Takes our entry out, and what was made only to hold it. */
export function removeYamlKey(
  text: string,
  place: YamlPlace,
  shells: readonly (readonly string[])[],
): Edited {
  const opened = open(text, place);
  if ('refused' in opened) return opened;
  const { bom, body, entry } = opened;
  if (entry === undefined) return { text };
  let after = without(body, place.at, place.by);
  for (let depth = place.at.length - 1; depth > 0; depth -= 1) {
    const path = place.at.slice(0, depth);
    const left = nodeAt(parsed(after), path);
    const hollow = !yaml.isCollection(left) || left.items.length === 0;
    if (!hollow || !shells.some((shell) => saysTheSame(shell, path))) break;
    after = without(after, path, undefined);
  }
  if (shells.some((shell) => shell.length === 0) && after.trim() === '') return { text: undefined };
  return checked(text, bom + after, place, undefined);
}

/** The value at a place, or undefined; also when the text cannot be read. */
export function yamlValueAt(text: string, place: YamlPlace): unknown {
  const opened = open(text, place);
  if ('refused' in opened || opened.entry === undefined) return undefined;
  return meaningOf(opened.entry, opened.document);
}

/** The maps and lists on the way to a place that are not there yet. */
export function missingYamlParents(text: string, at: readonly string[]): readonly (readonly string[])[] {
  const document = parsed(unmarked(text));
  const missing = at
    .map((_, depth) => at.slice(0, depth))
    .filter((path) => path.length > 0 && nodeAt(document, path) === undefined);
  return unmarked(text).trim() === '' ? [[], ...missing] : missing;
}

interface Opened {
  readonly bom: string;
  readonly body: string;
  readonly document: Document;
  readonly entry: Node | undefined;
}

function open(text: string, place: YamlPlace): Opened | Refusal {
  const body = unmarked(text);
  const bom = text.slice(0, text.length - body.length);
  const document = parsed(body);
  const refuse = (offset: number, because: string) => refusedAt(body, offset, because) as Refusal;
  const [first] = document.errors;
  if (first) return refuse(first.pos[0], `It is not valid YAML (${first.code}).`);
  let node: Node | null = document.contents;
  for (const [depth, key] of place.at.entries()) {
    if (node === null || isNull(node)) return { bom, body, document, entry: undefined };
    const listed = place.by !== undefined && depth === place.at.length - 1;
    const name = depth === 0 ? 'It' : `"${place.at.slice(0, depth).join('.')}"`;
    const start = node.range?.[0] ?? 0;
    if (yaml.isAlias(node)) return refuse(start, `${name} is an alias, which stands for another place.`);
    if (listed ? !yaml.isSeq(node) : !yaml.isMap(node))
      return refuse(start, `${name} is not a ${listed ? 'list' : 'map'}.`);
    const found: Node | undefined = childOf(node, key, place.by, listed);
    if (found === undefined) return { bom, body, document, entry: undefined };
    node = found;
  }
  if (node && !yaml.isMap(node)) {
    const what = yaml.isAlias(node) ? 'an alias, which stands for another place' : 'not a map';
    return refuse(node.range?.[0] ?? 0, `"${place.at.join('.')}" is ${what}.`);
  }
  return { bom, body, document, entry: node ?? undefined };
}

function parsed(body: string): Document {
  return yaml.parseDocument(body) as Document;
}

function childOf(node: Node, key: string, by: string | undefined, listed: boolean): Node | undefined {
  if (listed && yaml.isSeq(node)) {
    return node.items.find((item): item is Node => yaml.isMap(item) && item.get(by) === key);
  }
  const pair = pairOf(node, key);
  return (pair?.value ?? undefined) as Node | undefined;
}

function pairOf(node: unknown, key: string): Pair<Node, Node | null> | undefined {
  if (!yaml.isMap(node)) return undefined;
  return node.items.find(({ key: name }) => yaml.isScalar(name) && name.value === key) as
    | Pair<Node, Node | null>
    | undefined;
}

function nodeAt(document: Document, path: readonly string[]): Node | undefined {
  let node: Node | undefined = document.contents ?? undefined;
  for (const key of path) node = node && (pairOf(node, key)?.value ?? undefined);
  return node;
}

/** Puts the whole entry, and what is missing on the way to it, into the innermost container there is. */
function withEntry(body: string, { at, by }: YamlPlace, entry: Readonly<Record<string, unknown>>): string {
  const document = parsed(body);
  let depth = at.length - 1;
  while (depth > 0 && pairAt(document, at.slice(0, depth)) === undefined) depth -= 1;
  const name = at[depth] ?? '';
  const inner = at.slice(depth + 1);
  const list = by !== undefined;
  const last = inner.length === 0;
  const value = inner.reduceRight<unknown>(
    (held, key, index) => (list && index === inner.length - 1 ? [held] : { [key]: held }),
    entry,
  );
  const container = depth === 0 ? document.contents : nodeAt(document, at.slice(0, depth));
  const piece = list && last ? [entry] : { [name]: value };
  if (yaml.isCollection(container)) return inserted(body, container as Container, piece, depth === 0);
  if (depth === 0) return appended(body, block(piece, 0));
  return filled(body, pairAt(document, at.slice(0, depth)), piece);
}

function pairAt(document: Document, path: readonly string[]): Pair<Node, Node | null> | undefined {
  return pairOf(
    path.length === 1 ? document.contents : nodeAt(document, path.slice(0, -1)),
    path.at(-1) ?? '',
  );
}

/** A key with nothing behind it gets our piece. */
function filled(body: string, pair: Pair<Node, Node | null> | undefined, piece: object): string {
  const [start = 0, end = 0] = pair?.value?.range ?? [];
  if (end > start) return body.slice(0, start) + flow(piece) + body.slice(end);
  const keyStart = pair?.key.range?.[0] ?? 0;
  const at = lineEnd(body, pair?.key.range?.[1] ?? 0);
  return linesAt(body, at, block(piece, keyStart - lineStart(body, keyStart) + 2));
}

function inserted(body: string, container: Container, piece: object, isRoot: boolean): string {
  const [start = 0, end = 0] = container.range ?? [];
  if (container.flow) {
    const last = container.items.at(-1);
    const inner = flow(piece).slice(1, -1);
    const offset = last === undefined ? start + 1 : lastOffset(last);
    const comma = last === undefined ? '' : ', ';
    return offset < end ? body.slice(0, offset) + comma + inner + body.slice(offset) : body;
  }
  const first = container.items[0];
  const anchor = (yaml.isPair(first) ? first.key : first) as Node | undefined;
  const offset = anchor?.range?.[0] ?? start;
  const dash = yaml.isSeq(container) ? body.lastIndexOf('-', offset - 1) : offset;
  const column = dash - lineStart(body, dash);
  if (isRoot && column === 0) return appended(body, block(piece, 0));
  return linesAt(body, lineEnd(body, lastOffset(container.items.at(-1))), block(piece, column));
}

/** Puts lines at the beginning of a line, or behind a last line that has no end. */
function linesAt(body: string, at: number, lines: string): string {
  const ending = endingOf(body);
  const piece = lines.replaceAll('\n', ending);
  if (at > 0 && body[at - 1] !== '\n') return `${body.slice(0, at)}${ending}${piece}${body.slice(at)}`;
  return `${body.slice(0, at)}${piece}${ending}${body.slice(at)}`;
}

/** Sets one key of our entry; what else a person wrote there stays. */
function withValue(body: string, place: YamlPlace, name: string, part: unknown): string {
  const opened = open(body, place);
  if ('refused' in opened || !yaml.isMap(opened.entry)) return body;
  const { entry, document } = opened;
  const pair = pairOf(entry, name);
  if (pair === undefined) return inserted(body, entry, { [name]: part }, false);
  const value = pair.value;
  if (value && saysTheSame(meaningOf(value, document), part)) return body;
  const [start = 0, end = 0] = value?.range ?? [];
  if (end > start) {
    const kept = /\s*$/.exec(body.slice(start, end))?.[0] ?? '';
    return body.slice(0, start) + flow(part) + kept + body.slice(end);
  }
  const colon = body.indexOf(':', pair.key.range?.[1] ?? 0) + 1;
  return `${body.slice(0, colon)} ${flow(part)}${body.slice(colon)}`;
}

/** The text without one entry of a container. */
function without(body: string, path: readonly string[], by: string | undefined): string {
  const document = parsed(body);
  const parent = path.length === 1 ? document.contents : nodeAt(document, path.slice(0, -1));
  const name = path.at(-1) ?? '';
  if (!yaml.isCollection(parent)) return body;
  const container = parent as Container;
  const index = container.items.findIndex((item) =>
    by !== undefined && yaml.isSeq(container)
      ? yaml.isMap(item) && item.get(by) === name
      : yaml.isPair(item) && yaml.isScalar(item.key) && item.key.value === name,
  );
  const item = container.items[index];
  const node = (yaml.isPair(item) ? item.key : item) as Node | undefined;
  const start = node?.range?.[0] ?? 0;
  const end = lastOffset(item);
  if (container.flow) {
    const before = index > 0 ? lastOffset(container.items[index - 1]) : start;
    const comma = index === 0 ? (/^\s*,\s*/.exec(body.slice(end))?.[0].length ?? 0) : 0;
    return body.slice(0, before) + body.slice(end + comma);
  }
  const from = lineStart(body, yaml.isSeq(container) ? body.lastIndexOf('-', start - 1) : start);
  const to = lineEnd(body, end);
  if (container === document.contents && from > 0)
    return cutOut(body, from, body[to - 1] === '\n' ? to - endingOf(body).length : to);
  const atEnd = to === body.length && body[to - 1] !== '\n';
  return (atEnd ? body.slice(0, from).replace(/\r?\n$/, '') : body.slice(0, from)) + body.slice(to);
}

/** The last guard: nothing is written that does not read back as what was meant. */
function checked(before: string, after: string, { at, by }: YamlPlace, entry: unknown): Edited {
  const said = (text: string) => {
    const document = parsed(unmarked(text));
    return document.errors.length > 0 ? undefined : { value: document.toJS() as unknown };
  };
  const expected = assigned(said(before)?.value, at, by, entry);
  const now = said(after);
  if (now && saysTheSame(pruned(now.value, at), pruned(expected, at))) return { text: after };
  return refusedAt(before, 0, 'It cannot be edited without changing something else.');
}

/** What a value says once our entry is in it, or out of it. */
function assigned(held: unknown, at: readonly string[], by: string | undefined, entry: unknown): unknown {
  const [key = '', ...rest] = at;
  if (rest.length === 0 && by !== undefined) {
    const items = Array.isArray(held) ? held : [];
    const index = items.findIndex((item) => isRecord(item) && item[by] === key);
    if (entry === undefined) return items.filter((_, place) => place !== index);
    return index < 0 ? [...items, entry] : items.with(index, entry);
  }
  const map = isRecord(held) ? held : {};
  if (rest.length > 0) return { ...map, [key]: assigned(map[key], rest, by, entry) };
  const { [key]: _, ...others } = map;
  return entry === undefined ? others : { ...others, [key]: entry };
}

/** An empty container on the way to our entry, and one that is not there, say the same. */
function pruned(value: unknown, at: readonly string[]): unknown {
  if (value === null || value === undefined) return {};
  if (Array.isArray(value)) return value.length === 0 ? {} : value;
  if (!isRecord(value)) return value;
  const [key = '', ...rest] = at;
  const inner = pruned(value[key], rest);
  const { [key]: _, ...others } = value;
  return isRecord(inner) && Object.keys(inner).length === 0 ? others : { ...others, [key]: inner };
}

function meaningOf(node: Node, document: Document): unknown {
  return node.toJS(document);
}

function isNull(node: Node): boolean {
  return yaml.isScalar(node) && node.value === null;
}

function unmarked(text: string): string {
  return text.replace(/^\ufeff/, '');
}
