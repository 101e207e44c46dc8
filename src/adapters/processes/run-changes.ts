import { type FSWatcher, mkdirSync, watch, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Clock } from '../../ports/clock.ts';

/** Rings after a change in a run directory. One bell for all runs, so that waiting for any of them costs one watcher. */
export function announceChange(runsDir: string): void {
  try {
    writeFileSync(path.join(runsDir, '.bell'), '.', { mode: 0o600 });
  } catch {
    // Whoever waits also looks once a second.
  }
}

/** Yields at once, then after each ring and at least once a second: a bell can be missed, and a killed shim rings none. */
export async function* watchChanges(runsDir: string, clock: Clock, signal: AbortSignal): AsyncIterable<void> {
  let rung = new AbortController();
  const ring = () => rung.abort();
  const watcher = tryWatch(runsDir, ring);
  signal.addEventListener('abort', ring);
  try {
    while (!signal.aborted) {
      rung = new AbortController();
      yield;
      if (!signal.aborted) await clock.sleep(1_000, rung.signal);
    }
  } finally {
    watcher?.close();
    signal.removeEventListener('abort', ring);
  }
}

/** The system has a limited number of watchers and some file systems have none: then once a second must do. */
function tryWatch(runsDir: string, onChange: () => void): FSWatcher | undefined {
  try {
    mkdirSync(runsDir, { recursive: true, mode: 0o700 });
    return watch(runsDir, { persistent: false }, onChange).on('error', () => undefined);
  } catch {
    return undefined;
  }
}
