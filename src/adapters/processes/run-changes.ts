import { closeSync, constants, type FSWatcher, mkdirSync, watch, writeSync } from 'node:fs';
import path from 'node:path';
import type { Clock } from '../../ports/clock.ts';
import { openOwnSync } from '../open-own.ts';

/** Rings after a change in a run directory. One bell for all runs, so that waiting for any of them costs one watcher. */
export function announceChange(runsDir: string): void {
  const { O_WRONLY, O_CREAT, O_TRUNC } = constants;
  try {
    const bell = openOwnSync(path.join(runsDir, '.bell'), O_WRONLY | O_CREAT | O_TRUNC, 0o600);
    if (bell === undefined) return;
    try {
      writeSync(bell, '.');
    } finally {
      closeSync(bell);
    }
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
