import type { Fact } from '../../domain/worker/run.ts';
import type { Reader } from '../../ports/backend.ts';
import { fatal } from './failure.ts';
import { parsed } from './json.ts';

interface More {
  /** What a line of standard error says, beside being a candidate for the last words. */
  readonly errorLine?: (text: string) => readonly Fact[];
  /** For programs whose events have no last one: the final words when it ended well, or undefined when it did nothing. */
  readonly finalWords?: () => string | undefined;
}

/** Lines kept for the case that a program says only in plain words why it failed. */
const keptLines = 12;
const longestLine = 400;

/**
 * A reader of JSON lines. What is no JSON is noise, with one exception: a program that ends with an exit code and
 * without any final event has said why in plain words, if at all, and these then become the failure.
 */
export function readJson(
  now: () => number,
  factsOf: (event: unknown) => readonly Fact[],
  more: More = {},
): Reader {
  const words: string[] = [];
  let told: 'finished' | 'fatal' | undefined;

  const tell = (facts: readonly Fact[]): readonly Fact[] => {
    for (const { type } of facts) if (type === 'finished' || type === 'fatal') told = type;
    return facts;
  };
  const keep = (text: string) => {
    // Frames of a stack say where, not why.
    if (text.trim() === '' || /^\s+at /.test(text)) return;
    words.push(text.slice(0, longestLine));
    if (words.length > keptLines) words.shift();
  };

  return {
    line(text) {
      const event = parsed(text);
      if (typeof event === 'object' && event !== null) return tell(factsOf(event));
      keep(text);
      return [];
    },
    errorLine(text) {
      keep(text);
      return more.errorLine ? tell(more.errorLine(text)) : [];
    },
    end(exitCode) {
      if (told) return [];
      if (exitCode !== 0) return [fatal(lastWords(words, exitCode), now())];
      const text = more.finalWords?.();
      return text === undefined ? [] : [{ type: 'finished', text }];
    },
  };
}

function lastWords(words: readonly string[], exitCode: number): string {
  const said = words.join('\n').trim();
  return said === ''
    ? `It ended with exit code ${exitCode} and without a word.`
    : `It ended with exit code ${exitCode}: ${said}`;
}
