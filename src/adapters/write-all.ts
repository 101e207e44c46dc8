import { writeSync } from 'node:fs';

/** All of it or an error: one `write` may put in a part and say so only by its result. */
export function writeAll(fd: number, bytes: Uint8Array): void {
  let written = 0;
  while (written < bytes.length) written += writeSync(fd, bytes, written);
}
