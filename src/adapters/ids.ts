import { randomBytes, randomUUID } from 'node:crypto';
import type { Ids } from '../ports/ids.ts';

/** Without vowels and look-alikes: no words by accident, nothing to mistype. */
const alphabet = 'bcdfghjkmnpqrstvwxz23456789';

export const randomIds: Ids = {
  next: (prefix) => `${prefix}-${letters(10)}`,
  suffix: () => letters(4),
  uuid: () => randomUUID(),
};

function letters(count: number): string {
  return Array.from(randomBytes(count), (byte) => alphabet[byte % alphabet.length]).join('');
}
