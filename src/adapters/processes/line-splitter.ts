const longestLine = 1024 * 1024;

/** Cuts a stream of bytes into lines. Of a line beyond a megabyte only the first megabyte is kept in memory and given. */
export function openLineSplitter(onLine: (line: string) => void): {
  write(chunk: Uint8Array): void;
  end(): void;
} {
  let parts: Uint8Array[] = [];
  let length = 0;

  const keep = (part: Uint8Array) => {
    const room = longestLine - length;
    if (room <= 0 || part.length === 0) return;
    // A copy: the stream may reuse what it handed out.
    parts.push(Buffer.from(part.subarray(0, room)));
    length += Math.min(part.length, room);
  };
  const flush = () => {
    const line = Buffer.concat(parts).toString('utf8');
    parts = [];
    length = 0;
    onLine(line.endsWith('\r') ? line.slice(0, -1) : line);
  };

  return {
    write(chunk) {
      let start = 0;
      for (let end = chunk.indexOf(10); end >= 0; end = chunk.indexOf(10, start)) {
        keep(chunk.subarray(start, end));
        flush();
        start = end + 1;
      }
      keep(chunk.subarray(start));
    },
    end() {
      if (length > 0) flush();
    },
  };
}
