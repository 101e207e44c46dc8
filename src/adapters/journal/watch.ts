import { type FSWatcher, watch } from 'node:fs';
import type { Seq } from '../../domain/journal/journal.ts';
import { isFinal } from './follower.ts';

const pollMs = 1_000;

/**
 * Yields the newest sequence number whenever it has grown. The file system's notice is a hint that makes it fast; a
 * look every second is what it rests on. Neither keeps the process alive. A look that fails for a reason that may pass
 * (too many open files) is repeated at the next second; only what is final ends the watch.
 *
 * Ends when any of the signals aborts. They are listened to one by one: `AbortSignal.any` would leave an entry for every
 * watch in the signal that lives as long as the process.
 */
export async function* watchJournal(
  directory: string,
  after: Seq,
  signals: readonly AbortSignal[],
  newest: () => Promise<Seq>,
): AsyncGenerator<Seq> {
  const bell = new Bell();
  const ring = () => bell.ring();
  const poll = setInterval(ring, pollMs).unref();
  for (const signal of signals) signal.addEventListener('abort', ring);
  let watcher: FSWatcher | undefined;
  let last = after;
  try {
    while (!signals.some(({ aborted }) => aborted)) {
      // Before the look, so that nothing recorded in between goes unnoticed; again while there is no directory yet.
      watcher ??= listen(directory, ring, () => {
        watcher = undefined;
      });
      bell.reset();
      const seq = await newest().catch((error: unknown) => {
        if (isFinal(error)) throw error;
        return last;
      });
      if (seq > last) {
        last = seq;
        yield seq;
      } else await bell.rung;
    }
  } finally {
    clearInterval(poll);
    for (const signal of signals) signal.removeEventListener('abort', ring);
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
