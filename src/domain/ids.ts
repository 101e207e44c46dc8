import * as z from 'zod';

/** Ids are part of paths, refs and prompts, so their alphabet is small. Source: the strictest of the three, git refs. */
export const idPattern = /^[a-z0-9][a-z0-9-]{0,47}$/;
export const Id = z.string().regex(idPattern);

/** Names Windows reserves for devices in every directory; an id becomes a directory. */
const deviceNames = /^(con|prn|aux|nul|com\d|lpt\d)$/;

export function isUsableId(text: string): boolean {
  return idPattern.test(text) && !deviceNames.test(text);
}

/** Words that say nothing about a goal. */
const fillers = new Set([
  'a',
  'an',
  'and',
  'the',
  'to',
  'of',
  'in',
  'for',
  'so',
  'that',
  'with',
  'please',
  'make',
  'it',
  'is',
]);

/** A readable id from a goal: its first telling words and a random suffix, as in `fix-login-redirect-7k2m`. */
export function loopIdFrom(goal: string, suffix: string): string {
  const words = goal
    .normalize('NFKD')
    .toLowerCase()
    .replace(/[\u0300-\u036f]/g, '')
    .slice(0, 400)
    .split(/[^a-z0-9]+/)
    .filter((word) => word.length > 0 && !fillers.has(word));
  let slug = '';
  for (const word of words.slice(0, 5)) {
    if (slug.length + word.length > 30) break;
    slug += `${slug && '-'}${word}`;
  }
  return `${slug || 'loop'}-${suffix}`;
}
