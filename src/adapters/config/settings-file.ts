import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { getNodeValue, type Node, type ParseError, parseTree, printParseErrorCode } from 'jsonc-parser';
import { errno } from '../errno.ts';

export interface Place {
  /** From one. */
  readonly line: number;
  readonly column: number;
}

/** A file of settings as it was read: JSON, with comments and trailing commas if somebody likes them. */
export interface SettingsFile {
  readonly file: string;
  readonly bytes: Buffer;
  /** Without `$schema`, which is for editors. Empty when the file is broken. */
  readonly values: Readonly<Record<string, unknown>>;
  /** Why it is no file of settings, as a sentence without its place. */
  readonly broken?: { readonly message: string; readonly place?: Place };
  /** Where the value at a path stands, or what is nearest to it. */
  placeOf(path: readonly (string | number)[]): Place | undefined;
}

/** Far more than any configuration needs, and little enough to show a person in full. */
const largest = 256 * 1024;

/**
 * Reads one file of settings; undefined when there is none. A file in a repository was put there by others: `foreign`
 * follows no link, waits for no pipe and reads no device.
 */
export function readSettingsFile(file: string, { foreign }: { foreign: boolean }): SettingsFile | undefined {
  const read = bytesOf(file, foreign);
  if (read === undefined) return undefined;
  return 'refused' in read ? broken(file, Buffer.alloc(0), read.refused) : settingsIn(file, read.bytes);
}

/** The same for bytes that are at hand; `file` is only named. */
export function settingsIn(file: string, bytes: Buffer): SettingsFile {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return broken(file, bytes, 'It is not UTF-8 text');
  }
  if (text.trim() === '') return broken(file, bytes, 'It is empty; {} would be right');
  const errors: ParseError[] = [];
  const root = parseTree(text, errors, { allowTrailingComma: true });
  const [error] = errors;
  if (error) {
    const because = printParseErrorCode(error.error)
      .replace(/(?<=[a-z])([A-Z])/g, ' $1')
      .toLowerCase();
    return broken(file, bytes, `It is not JSON (${because})`, placeAt(text, error.offset));
  }
  if (root?.type !== 'object') {
    return broken(file, bytes, 'It is JSON, but not one object', placeAt(text, root?.offset ?? 0));
  }
  const twice = repeated(root);
  if (twice) {
    return broken(file, bytes, `"${String(twice.value)}" stands there twice`, placeAt(text, twice.offset));
  }
  const values = Object.entries(getNodeValue(root) as Record<string, unknown>);
  return {
    file,
    bytes,
    values: Object.fromEntries(values.filter(([name]) => name !== '$schema')),
    placeOf(path) {
      const found = nearestNode(root, path);
      return placeAt(text, found.offset);
    },
  };
}

function broken(file: string, bytes: Buffer, message: string, place?: Place): SettingsFile {
  return {
    file,
    bytes,
    values: {},
    broken: { message, ...(place && { place }) },
    placeOf: () => place,
  };
}

function bytesOf(file: string, foreign: boolean): { bytes: Buffer } | { refused: string } | undefined {
  const careful = (constants.O_NONBLOCK ?? 0) | (foreign ? (constants.O_NOFOLLOW ?? 0) : 0);
  let handle: number;
  try {
    handle = openSync(file, constants.O_RDONLY | careful);
  } catch (thrown) {
    const code = errno(thrown);
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    if (code === 'ELOOP' || code === 'EMLINK')
      return { refused: 'It is a symbolic link, and none is followed here' };
    return { refused: `It cannot be read (${code ?? 'unknown'})` };
  }
  try {
    const stat = fstatSync(handle);
    if (!stat.isFile()) return { refused: 'It is not a file' };
    if (stat.size > largest) return { refused: `It is larger than ${largest / 1024} KiB` };
    const bytes = Buffer.alloc(stat.size);
    let length = 0;
    for (let got = -1; got !== 0 && length < bytes.length; length += got) {
      got = readSync(handle, bytes, length, bytes.length - length, length);
    }
    return { bytes: bytes.subarray(0, length) };
  } catch (thrown) {
    return { refused: `It cannot be read (${errno(thrown) ?? 'unknown'})` };
  } finally {
    closeSync(handle);
  }
}

/** The second key of two with the same name, anywhere: a person who reads the first must not be answered by the last. */
function repeated(node: Node): Node | undefined {
  const seen = new Set<unknown>();
  for (const child of node.children ?? []) {
    const [key] = node.type === 'object' ? (child.children ?? []) : [];
    if (key && seen.has(key.value)) return key;
    if (key) seen.add(key.value);
    const below = repeated(child);
    if (below) return below;
  }
  return undefined;
}

/** The key at a path; where there is none, the last one on the way to it. */
function nearestNode(root: Node, path: readonly (string | number)[]): Node {
  let [at, shown] = [root, root];
  for (const part of path) {
    const next =
      typeof part === 'number'
        ? at.children?.[part]
        : at.children?.find(({ children }) => children?.[0]?.value === part);
    if (!next) break;
    shown = next;
    at = next.type === 'property' ? (next.children?.[1] ?? next) : next;
  }
  return shown;
}

function placeAt(text: string, offset: number): Place {
  const lines = text.slice(0, offset).split(/\r\n|\r|\n/);
  return { line: lines.length, column: (lines.at(-1)?.length ?? 0) + 1 };
}
