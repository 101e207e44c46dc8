import { rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { RoomPlace } from '../../src/ports/git.ts';

/** A room at a path, with its record in a folder beside the one it lies in, removed when the test is over. */
export function roomAt(path: string): RoomPlace {
  const records = `${dirname(path)}-records`;
  onTestFinished(() => rm(records, { recursive: true, force: true, maxRetries: 3 }));
  return { path, record: join(records, basename(path)) };
}
