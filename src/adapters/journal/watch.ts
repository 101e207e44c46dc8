import { type FSWatcher, watch } from 'node:fs';
import type { Seq } from '../../domain/journal.ts';

const pollMs = 1_000;

/**
 * Yields the newest sequence number whenever it has grown. The file system's notice is a hint that makes it fast; a
 * look every second is what it rests on. Neither keeps the process alive.
 */
export async function* watchJournal(
  directory: string,
  after: Seq,
  signal: AbortSignal,
  newest: () => Promise<Seq>,
): AsyncGenerator<Seq> {
  const bell = new Bell();
  const ring = () => bell.ring();
  const poll = setInterval(ring, pollMs).unref();
  signal.addEventListener('abort', ring);
  let watcher: FSWatcher | undefined;
  let last = after;
  try {
    while (!signal.aborted) {
      // Before the look, so that nothing recorded in between goes unnoticed; again while there is no directory yet.
      watcher ??= listen(directory, ring, () => {
        watcher = undefined;
      });
      bell.reset();
      const seq = await newest();
      if (seq > last) {
        last = seq;
        yield seq;
      } else await bell.rung;
    }
  } finally {
    clearInterval(poll);
    signal.removeEventListener('abort', ring);
    watcher?.close();
  }
}

/** Undefined where the system cannot tell; the poll is enough then. */
function listen(directory: string, ring: () => void, onLost: () => void): FSWatcher | undefined {
  try {
    const watcher = watch(directory, { persistent: false }, (_, name) => {
      if (name === null || name.startsWith('journal.')) ring();
    });
    return watcher.on('error', () => {
      watcher.close();
      onLost();
    });
  } catch {
    return undefined;
  }
}

/** Remembers a ring until it is reset, so that none is lost between two waits. */
class Bell {
  rung: Promise<void> = Promise.resolve();
  #ring: () => void = () => {};

  reset(): void {
    this.rung = new Promise((resolve) => {
      this.#ring = resolve;
    });
  }

  ring(): void {
    this.#ring();
  }
}
