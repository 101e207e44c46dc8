import yaml, { type Node } from 'yaml';

/** Words that YAML, in one version or another, does not take for text. */
const words = /^(?:y|n|yes|no|true|false|on|off|null)$/i;

/** A map, or a list with one map, as lines of a block, without a final line end. */
export function block(piece: object, column: number): string {
  const indent = ' '.repeat(column);
  if (Array.isArray(piece)) {
    return piece.map((item: object) => `${indent}- ${block(item, column + 2).slice(column + 2)}`).join('\n');
  }
  return Object.entries(piece)
    .map(([key, value]) =>
      isNested(value)
        ? `${indent}${plain(key)}:\n${block(value, column + 2)}`
        : `${indent}${plain(key)}: ${flow(value)}`,
    )
    .join('\n');
}

/** A value in flow style: JSON with spaces, which every version of YAML reads, and plain words where they are safe. */
export function flow(value: unknown): string {
  if (typeof value === 'string') return plain(value);
  if (Array.isArray(value)) return `[${value.map((item) => JSON.stringify(item)).join(', ')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const parts = Object.entries(value).map(([key, part]) => `${JSON.stringify(key)}: ${flow(part)}`);
  return `{${parts.join(', ')}}`;
}

/** Where the last character of an item stands, comments behind it not counted. */
export function lastOffset(item: unknown): number {
  if (yaml.isPair(item)) return lastOffset(item.value ?? item.key) || lastOffset(item.key);
  if (yaml.isCollection(item) && !item.flow && item.items.length > 0) return lastOffset(item.items.at(-1));
  return (item as Node | undefined)?.range?.[1] ?? 0;
}

export function lineStart(text: string, offset: number): number {
  return text.lastIndexOf('\n', offset - 1) + 1;
}

/** Where the next line starts; an offset that stands at the beginning of a line, behind a line end, is there already. */
export function lineEnd(text: string, offset: number): number {
  if (offset > 0 && text[offset - 1] === '\n') return offset;
  const end = text.indexOf('\n', offset);
  return end < 0 ? text.length : end + 1;
}

/** A map, or a list of maps, that is worth lines of its own. */
function isNested(value: unknown): value is object {
  if (Array.isArray(value)) return value.some((item) => typeof item === 'object' && item !== null);
  return typeof value === 'object' && value !== null && Object.keys(value).length > 0;
}

function plain(text: string): string {
  return /^[A-Za-z_][\w./-]*$/.test(text) && !words.test(text) ? text : JSON.stringify(text);
}
