import { hash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import type { Digest } from '../../domain/journal/journal.ts';

/** Half of a SHA-256 names a record; 128 bits are plenty among records that nobody forges. */
export const journalDigest: Digest = {
  crc32: (bytes) => crc32(bytes),
  hash: (bytes) => hash('sha256', bytes, 'hex').slice(0, 32),
};
