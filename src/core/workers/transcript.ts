import { brief, plain } from '../../domain/text.ts';
import type { Fact } from '../../domain/worker/run.ts';
import { usageWords } from '../../domain/worker/spending.ts';
import type { Backend } from '../../ports/backend.ts';

/** A line longer than this is not waited for, characters. */
const longestLine = 2_097_152;

/** Turns the raw output of a worker into something to read, piece by piece. */
export interface Rendering {
  /** What the next piece of output means; a line that is not complete yet is kept for the next. */
  add(text: string): string;
  /** What the last, unfinished line means. */
  end(): string;
}

/**
 * A readable rendering of what a worker printed, made of the facts its backend's reader finds, so that it looks the same
 * for every program. Lines in which the program says nothing of what we know are left out, words that are no event of
 * its stay. Of a plain command everything stays as it is. Nothing is stored: it is made of the raw output whenever
 * somebody looks, which is why a transcript is as bounded, and as masked, as that. `resumed`: the session of an earlier
 * worker that it goes on with.
 */
export function openRendering(backend: Backend | undefined, now: () => number, resumed?: string): Rendering {
  if (backend?.probe === undefined) return { add: plain, end: () => '' };
  const reader = backend.reader(now);
  let rest = '';
  let last = '';
  const render = (line: string): string => {
    const facts = reader.line(line);
    const words = facts.flatMap((fact) => {
      const text = wordsOf(fact, last, resumed);
      if (fact.type === 'said') last = fact.text;
      return text ?? [];
    });
    if (facts.length === 0 && isProse(line)) words.push(`  ${line.trimEnd()}`);
    return words.map((text) => `${plain(text)}\n`).join('');
  };
  return {
    add(text) {
      const lines = (rest + text).split('\n');
      rest = (lines.pop() ?? '').slice(0, longestLine);
      return lines.map(render).join('');
    },
    end() {
      const line = rest;
      rest = '';
      return line === '' ? '' : render(line);
    },
  };
}

/** Standard error, a notice: no event, and not the inside of one. */
function isProse(line: string): boolean {
  return line.trim() !== '' && !/^\s*[{}[\]"]/.test(line);
}

function wordsOf(fact: Fact, said: string, resumed?: string): string | undefined {
  switch (fact.type) {
    case 'said':
      return fact.text;
    case 'tool':
      return `→ ${fact.name}`;
    case 'denied':
      return `✗ was refused: ${fact.what}`;
    case 'retrying':
      return `… tries again (${fact.class}): ${brief(fact.text, 300)}`;
    case 'fatal':
      return `✗ gave up (${fact.class}): ${fact.text}`;
    case 'finished':
      return fact.text === said || fact.text === '' ? '✓ finished' : `✓ finished: ${fact.text}`;
    case 'usage': {
      const words = usageWords(fact.usage);
      return words === undefined ? undefined : `· used ${words}`;
    }
    case 'session':
      return `· ${fact.id === resumed ? 'resumed session' : 'session'} ${fact.id}`;
    case 'word':
      return fact.state === 'taken' ? '· took up what it was told' : undefined;
  }
}
