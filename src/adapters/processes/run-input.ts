import type { Writable } from 'node:stream';
import type { Clock } from '../../ports/clock.ts';
import { watchChanges } from './run-changes.ts';
import { closeWords, nextWord, wordsFolder } from './run-words.ts';

/** Standard input of a program that is told things while it works. */
export interface Input {
  /** The program's turn is over: what was left for it by now is the last, and then comes the end of input. */
  finish(): void;
  /** The program is gone or is to go. */
  close(): void;
}

/**
 * Feeds a program first its prompt, then each word as it is left in the run directory. One is written when the one
 * before is through, so a program that does not read costs no memory; what is not through when the program dies was
 * never heard, and whoever left it must look for the proof that it was.
 *
 * A word that comes as the turn ends is either written before the end of input, and gets a turn of its own, or refused.
 */
export function feedInput(stdin: Writable, prompt: Uint8Array, directory: string, clock: Clock): Input {
  const over = new AbortController();
  const known = new Set<string>();
  const refuse = () => {
    over.abort();
    closeWords(directory);
  };
  // A program that closed its input, or is gone: its exit tells the rest.
  stdin.on('error', refuse);
  feed().catch(refuse);

  async function feed(): Promise<void> {
    await written(prompt);
    // Whoever watches the folder makes it anew.
    if (over.signal.aborted) return;
    for await (const _ of watchChanges(wordsFolder(directory), clock, over.signal)) {
      for (let line = nextWord(directory, known); line !== undefined; line = nextWord(directory, known))
        await written(line);
    }
  }

  function written(piece: Uint8Array | string): Promise<void> {
    return new Promise((resolve, reject) => {
      stdin.write(piece, (error) => (error ? reject(error) : resolve()));
    });
  }

  return {
    finish() {
      if (over.signal.aborted) return;
      refuse();
      for (let line = nextWord(directory, known); line !== undefined; line = nextWord(directory, known))
        stdin.write(line);
      stdin.end();
    },
    close() {
      refuse();
      stdin.destroy();
    },
  };
}
