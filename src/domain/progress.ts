import type { Outcome } from './loop.ts';

/** So many equal endings in a row are no progress. Source: the earlier systems that detect it settle on three. */
const patience = 3;

/**
 * What a failure is, apart from what differs between two runs of the same failure: times, addresses, ids, paths of
 * rooms, colours. Two iterations with the same signature failed in the same way.
 */
export function failureSignature(failing: readonly { name: string; tail: string }[]): string {
  return fingerprint(failing.map(({ name, tail }) => `${name}\n${normalise(tail)}`).join('\n---\n'));
}

/** FNV-1a, twice with different offsets: short enough for the journal, and nobody gains by making two texts collide. */
function fingerprint(text: string): string {
  let a = 0x811c9dc5;
  let b = 0x1b873593;
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index);
    a = Math.imul(a ^ unit, 0x01000193);
    b = Math.imul(b ^ unit, 0x01000193) ^ (a >>> 13);
  }
  return [a, b].map((half) => (half >>> 0).toString(16).padStart(8, '0')).join('');
}

function normalise(text: string): string {
  return (
    text
      // biome-ignore lint/suspicious/noControlCharactersInRegex: colours begin with the escape character
      .replace(/\u001b\[[0-9;?]*[A-Za-z]/g, '')
      .replace(/\b0x[0-9a-f]+\b|\b[0-9a-f-]*\d[0-9a-f-]{6,}\b/gi, '0')
      .replace(/(?:[\\/][\w.@+:-]+)+[\\/]/g, '/')
      .replace(/\d+(?:\.\d+)?/g, '0')
      .replace(/[ \t]+/g, ' ')
      .trim()
      .slice(-2_000)
  );
}

/** Why going on the same way is pointless, in words, or undefined. */
export function stuck(outcomes: readonly Outcome[], releasedAt = 0): string | undefined {
  const recent = outcomes.filter((outcome) => outcome.at > releasedAt && outcome.result !== 'worker_lost');
  const last = recent.slice(-patience);
  if (last.length < patience) return undefined;
  if (last.every(({ result }) => result === 'nothing_changed')) {
    return `${patience} iterations in a row changed nothing`;
  }
  if (last.every(({ result }) => result === 'failed' || result === 'tampered')) {
    const same = (key: 'signature' | 'tree') =>
      last.every((outcome) => outcome[key] !== undefined && outcome[key] === last[0]?.[key]);
    if (same('tree')) return `${patience} iterations in a row offered the same files`;
    if (same('signature') && revisits(recent))
      return 'the work goes in circles: the same files and the same failure again';
    if (same('signature') && recent.length >= 2 * patience && sameThroughout(recent.slice(-2 * patience))) {
      return `${2 * patience} iterations in a row failed in the same way`;
    }
  }
  return revisits(recent)
    ? 'the work goes in circles: files of an earlier iteration came back twice'
    : undefined;
}

function sameThroughout(outcomes: readonly Outcome[]): boolean {
  return outcomes.every(({ signature }) => signature !== undefined && signature === outcomes[0]?.signature);
}

/** A, B, A, B: each of the last two trees was offered before, with another in between. */
function revisits(outcomes: readonly Outcome[]): boolean {
  const trees = outcomes.map(({ tree }) => tree).filter((tree) => tree !== undefined);
  const [a, b, c, d] = trees.slice(-4);
  return d !== undefined && a === c && b === d && a !== b;
}
