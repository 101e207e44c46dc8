import { closeSync, constants, lstatSync, openSync, readdirSync, unlinkSync, writeSync } from 'node:fs';
import path from 'node:path';
import { openOwn } from '../open-own.ts';

/**
 * What a run printed, bounded: the first `keepBytes` and at least the last `keepBytes`; a flood costs three times that.
 *
 * The output is one stream of bytes in files named after the offset of their first byte, `output.<offset>`. The first
 * stays; of the later ones the newest two do. So names and sizes tell everything, whoever looks and whenever the
 * writer died.
 */
interface OutputWriter {
  write(chunk: Uint8Array): void;
  /** Bytes printed in all, kept or not. */
  readonly bytes: number;
  close(): void;
}

export function openOutput(directory: string, keepBytes: number): OutputWriter {
  let bytes = 0;
  let current: { file: number; end: number } | undefined;
  const later: number[] = [];

  const rotate = () => {
    if (current) closeSync(current.file);
    current = undefined;
    if (later.length >= 2) unlinkSync(fileAt(directory, later.shift() ?? 0));
    current = { file: openSync(fileAt(directory, bytes), 'wx', 0o600), end: bytes + keepBytes };
    if (bytes > 0) later.push(bytes);
  };

  return {
    write(chunk) {
      let rest = chunk;
      while (rest.length > 0) {
        try {
          if (!current || bytes >= current.end) rotate();
          if (!current) return;
          const written = writeSync(current.file, rest, 0, Math.min(rest.length, current.end - bytes));
          bytes += written;
          rest = rest.subarray(written);
        } catch {
          // A full disk must not stop the command. What could not be written is part of what is left out.
          bytes += rest.length;
          if (current) closeSync(current.file);
          current = undefined;
          return;
        }
      }
    },
    get bytes() {
      return bytes;
    },
    close() {
      if (current) closeSync(current.file);
      current = undefined;
    },
  };
}

/** How much there is and when the last of it came. */
export function measureOutput(directory: string): { bytes: number; lastAt: number | undefined } {
  const last = segmentsOf(directory).at(-1);
  return last ? { bytes: last.end, lastAt: last.at } : { bytes: 0, lastAt: undefined };
}

/** Head and tail, with a line between them that says how much is left out. */
export async function readEnds(directory: string, limit: { head: number; tail: number }): Promise<string> {
  const segments = segmentsOf(directory);
  const size = segments.at(-1)?.end ?? 0;
  const head = await readKept(segments, 0, Math.min(limit.head, size));
  const from = Math.max(head.length, size - limit.tail);
  const tail = await readKept(segments, keptFrom(segments, from, size), size);
  const [first, last] =
    tail.length + head.length === size ? [Buffer.concat([head, tail]), undefined] : [head, tail];
  if (!last) return first.toString('utf8');
  const start = first.subarray(0, wholeEnd(first));
  const end = last.subarray(wholeStart(last));
  return start.toString('utf8') + notice(size - start.length - end.length) + end.toString('utf8');
}

/** One page from a byte offset on; `live` says that more may come, so that a split character at the end is left for later. */
export async function readPage(
  directory: string,
  offset: number,
  bytes: number,
  live: boolean,
): Promise<{ text: string; next: number; size: number }> {
  const segments = segmentsOf(directory);
  const size = segments.at(-1)?.end ?? 0;
  const wanted = Math.min(Math.max(0, offset), size);
  const from = keptFrom(segments, wanted, size);
  const read = await readKept(segments, from, Math.min(size, from + Math.max(4, bytes)));
  const start = wholeStart(read);
  const mayTrim = live || from + read.length < size;
  const whole = mayTrim ? wholeEnd(read) : read.length;
  // A gap cuts characters as well: what is not the end of a live stream goes out, so that a reader always gets on.
  const end = whole > start || from + read.length === size ? whole : read.length;
  const text = read.subarray(start, Math.max(start, end)).toString('utf8');
  return {
    text: from > wanted ? notice(from - wanted) + text : text,
    next: from + Math.max(start, end),
    size,
  };
}

interface Segment {
  readonly start: number;
  readonly end: number;
  readonly at: number;
  readonly file: string;
}

function segmentsOf(directory: string): readonly Segment[] {
  return namesIn(directory)
    .flatMap((name) => /^output\.(\d+)$/.exec(name)?.[1] ?? [])
    .map(Number)
    .sort((a, b) => a - b)
    .flatMap((start) => {
      const file = fileAt(directory, start);
      const stats = lstatSync(file, { throwIfNoEntry: false });
      return stats?.isFile() ? { start, end: start + stats.size, at: stats.mtimeMs, file } : [];
    });
}

/** The kept bytes of a range, up to the first gap in it. */
async function readKept(segments: readonly Segment[], from: number, to: number): Promise<Buffer> {
  const parts: Buffer[] = [];
  let position = from;
  for (const segment of segments) {
    if (position >= to || segment.start > position) break;
    if (segment.end <= position) continue;
    const part = await readBytes(
      segment.file,
      position - segment.start,
      Math.min(to, segment.end) - position,
    );
    parts.push(part);
    position += part.length;
    if (position < Math.min(to, segment.end)) break;
  }
  return Buffer.concat(parts);
}

async function readBytes(file: string, position: number, length: number): Promise<Buffer> {
  await using handle = await openOwn(file, constants.O_RDONLY);
  // Rotated away between listing and reading: left out, like everything else in the gap.
  if (!handle) return Buffer.alloc(0);
  const { buffer, bytesRead } = await handle.read(Buffer.allocUnsafe(length), 0, length, position);
  return buffer.subarray(0, bytesRead);
}

/** The offset itself where it is kept, otherwise the first kept one after it. */
function keptFrom(segments: readonly Segment[], offset: number, size: number): number {
  for (const segment of segments) {
    if (offset < segment.start) return segment.start;
    if (offset < segment.end) return offset;
  }
  return size;
}

function notice(bytes: number): string {
  return `\n[... ${bytes} bytes left out ...]\n`;
}

/** Where the first whole character begins: at most three bytes of one cut off before. */
function wholeStart(bytes: Uint8Array): number {
  let start = 0;
  while (start < 3 && isContinuation(bytes[start])) start++;
  return start;
}

/** Where the last whole character ends. */
function wholeEnd(bytes: Uint8Array): number {
  for (let back = 1; back <= Math.min(3, bytes.length); back++) {
    const byte = bytes[bytes.length - back] ?? 0;
    if (isContinuation(byte)) continue;
    const length = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc0 ? 2 : 1;
    return length > back ? bytes.length - back : bytes.length;
  }
  return bytes.length;
}

function isContinuation(byte: number | undefined): boolean {
  return byte !== undefined && (byte & 0xc0) === 0x80;
}

function namesIn(directory: string): readonly string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}

function fileAt(directory: string, offset: number): string {
  return path.join(directory, `output.${offset}`);
}
