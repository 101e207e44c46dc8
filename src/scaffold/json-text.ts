import { createScanner, type Node, parseTree } from 'jsonc-parser';
import { endingOf } from './edited.ts';

interface Style {
  /** Indentation of the line the value begins on. */
  readonly indent: string;
  readonly unit: string;
  readonly ending: string;
  /** All on one line, as the file around it. */
  readonly inline: boolean;
  /** No space behind a colon or comma either. */
  readonly tight?: boolean;
}

/** A value as text: objects over several lines, lists of plain values on one. */
export function jsonText(value: unknown, style: Style): string {
  const space = style.tight ? '' : ' ';
  if (Array.isArray(value)) return `[${value.map((item) => jsonText(item, style)).join(`,${space}`)}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const inner = { ...style, indent: style.indent + style.unit };
  const parts = Object.entries(value).map(
    ([key, part]) => `${JSON.stringify(key)}:${space}${jsonText(part, inner)}`,
  );
  if (parts.length === 0) return '{}';
  if (style.inline) {
    const pad = style.tight ? '' : ' ';
    return `{${pad}${parts.join(`,${space}`)}${pad}}`;
  }
  const lines = parts.map((part) => `${inner.indent}${part}`).join(`,${style.ending}`);
  return `{${style.ending}${lines}${style.ending}${style.indent}}`;
}

/** The text with another value in the place of a node. */
export function replacedAt(body: string, node: Node, value: unknown): string {
  const style = styleAt(body, indentOf(body, node.offset));
  return body.slice(0, node.offset) + jsonText(value, style) + body.slice(node.offset + node.length);
}

/**
 * The text with one more property at the end of an object, behind the comments of the last one, so that every comment
 * stays with its owner. A file that ends its lists with a comma keeps doing so.
 */
export function insertedAt(body: string, object: Node, key: string, value: unknown): string {
  const close = object.offset + object.length - 1;
  const last = object.children?.at(-1);
  const lastEnd = last ? last.offset + last.length : undefined;
  const comma = lastEnd === undefined ? undefined : commaAfter(body, lastEnd);
  const closeLine = lineStart(body, close);
  const alone = closeLine > object.offset && body.slice(closeLine, close).trim() === '';
  const outer = indentOf(body, alone ? close : object.offset);
  const beside = last && body.slice(lineStart(body, last.offset), last.offset).trim() === '';
  const unit = styleAt(body, '').unit;
  const around = styleAt(body, beside ? indentOf(body, last.offset) : outer + unit);
  // Beside a comment in braces of one line, a line of its own could not be told from what the person wrote.
  const crowded = !last && !alone && body.slice(object.offset + 1, close).trim() !== '';
  const style = { ...around, inline: around.inline || crowded };
  const property = `${JSON.stringify(key)}:${style.tight ? '' : ' '}${jsonText(value, style)}`;
  const trailing = comma === undefined ? '' : ',';
  const separated = (upTo: number) =>
    lastEnd !== undefined && comma === undefined
      ? `${body.slice(0, lastEnd)},${body.slice(lastEnd, upTo)}`
      : body.slice(0, upTo);
  if (alone) {
    return `${separated(closeLine)}${style.indent}${property}${trailing}${style.ending}${body.slice(closeLine)}`;
  }
  const content = object.offset + 1 + body.slice(object.offset + 1, close).trimEnd().length;
  const at = last ? content : object.offset + 1 + body.slice(object.offset + 1, close).length;
  if (style.inline) {
    const gap = last && !style.tight ? ' ' : '';
    return `${separated(at)}${gap}${property}${trailing}${body.slice(at)}`;
  }
  const lineBreak = last ? '' : `${style.ending}${outer}`;
  return `${separated(at)}${style.ending}${style.indent}${property}${trailing}${lineBreak}${body.slice(at)}`;
}

/** The text without the property at a path: with its line when it has the line for itself, and with one comma. */
export function withoutProperty(body: string, path: readonly string[]): string {
  const found = propertyAt(body, path);
  if (!found) return body;
  const { object, property } = found;
  const siblings = object.children ?? [];
  const index = siblings.indexOf(property);
  const previous = siblings[index - 1];
  let end = property.offset + property.length;
  const comma = commaAfter(body, end);
  if (comma !== undefined) end = comma + 1;
  let head = body.slice(0, property.offset);
  // Without a comma of our own, the one before us was put there for us.
  const before =
    comma === undefined && previous ? commaAfter(body, previous.offset + previous.length) : undefined;
  const ownLine = body.slice(lineStart(body, property.offset), property.offset).trim() === '';
  const restOfLine = /^[^\S\r\n]*(\r?\n|$)/.exec(body.slice(end))?.[0];
  if (ownLine && restOfLine !== undefined) {
    head = body.slice(0, lineStart(body, property.offset));
    end += restOfLine.length;
  } else if (ownLine && /^\s*\}/.test(body.slice(end))) {
    // The brace stands on our line: it moves back to where it was.
    head = head.replace(/\r?\n[^\S\r\n]*$/, '');
  } else if (!ownLine && previous && (before !== undefined || index === siblings.length - 1)) {
    head = head.replace(/[^\S\r\n]+$/, '');
  } else if (!ownLine) {
    end += /^[^\S\r\n]*/.exec(body.slice(end))?.[0].length ?? 0;
  }
  if (before !== undefined) head = head.slice(0, before) + head.slice(before + 1);
  const text = head + body.slice(end);
  return siblings.length > 1 ? text : closedUp(text, object.offset);
}

function propertyAt(body: string, path: readonly string[]): { object: Node; property: Node } | undefined {
  let object = parseTree(body, [], { allowTrailingComma: true });
  for (const [depth, key] of path.entries()) {
    const property: Node | undefined = object?.children?.find(({ children }) => children?.[0]?.value === key);
    if (!object || !property) return undefined;
    if (depth === path.length - 1) return { object, property };
    object = property.children?.[1];
  }
  return undefined;
}

/** An object that became empty: `{}`. */
function closedUp(body: string, offset: number): string {
  return body.slice(0, offset) + body.slice(offset).replace(/^\{\s*\}/, '{}');
}

/** Where the next token is a comma, comments and space aside. */
function commaAfter(body: string, offset: number): number | undefined {
  const scanner = createScanner(body, true);
  scanner.setPosition(offset);
  const commaToken = 5;
  return scanner.scan() === commaToken ? scanner.getTokenOffset() : undefined;
}

function styleAt(body: string, indent: string): Style {
  const unit = /\n([ \t]+)["/]/.exec(body)?.[1] ?? '  ';
  const inline = !body.trim().includes('\n') && body.trim().replace(/\s/g, '') !== '{}';
  return { indent, unit, ending: endingOf(body), inline, tight: inline && !/:\s/.test(body) };
}

function indentOf(body: string, offset: number): string {
  return /^[^\S\r\n]*/.exec(body.slice(lineStart(body, offset)))?.[0] ?? '';
}

function lineStart(body: string, offset: number): number {
  return body.lastIndexOf('\n', offset - 1) + 1;
}
