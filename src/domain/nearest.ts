import { distance } from 'fastest-levenshtein';

/** The known word a misspelt one most likely means, or undefined when none is close. */
export function nearest(word: string, known: readonly string[]): string | undefined {
  const limit = Math.max(2, Math.floor(word.length / 3));
  return known
    .map((candidate) => ({ candidate, away: distance(fold(word), fold(candidate)) }))
    .filter(({ away }) => away <= limit)
    .sort((a, b) => a.away - b.away)[0]?.candidate;
}

const fold = (text: string) => text.slice(0, 60).toLowerCase().replaceAll('-', '_');
