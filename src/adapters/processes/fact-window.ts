import { addUsage, type Fact, type Usage } from '../../domain/worker/run.ts';

const windowSize = 50;
/** Of the JSON of all facts: it is written four times a second and read by everybody who looks. */
const mostBytes = 60 * 1024;
/** Of one text. A line may be a megabyte; a fact is for people and prompts, and the output holds the rest. */
const longestText = 2 * 1024;

/** Denials that outlive the window: enough to see what a worker was not allowed. */
const mostDenials = 20;

/** Echoes of what it was told that outlive the window: as many as it is told, and a few. */
const mostWords = 60;
const longestId = 48;

/** The newest facts of a run. What would be missed later outlives the window: session, usage, denials, the final words. */
interface FactWindow {
  add(facts: readonly Fact[]): void;
  list(): readonly Fact[];
}

export function openFactWindow(): FactWindow {
  const recent: Fact[] = [];
  const lasting = new Map<'session' | 'fatal' | 'finished', Fact>();
  const denied: Fact[] = [];
  const words = new Map<string, Fact>();
  let usage: Usage | undefined;

  const all = () => [
    ...lasting.values(),
    ...denied,
    ...words.values(),
    ...(usage ? [{ type: 'usage', usage } as const] : []),
    ...recent,
  ];
  const retire = (fact: Fact | undefined) => {
    if (fact?.type === 'usage') usage = addUsage(usage ?? {}, fact.usage);
    if (fact?.type === 'denied' && denied.length < mostDenials)
      denied.push({ ...fact, what: fact.what.slice(0, 200) });
    if (fact?.type === 'word' && (words.has(fact.id) || words.size < mostWords)) words.set(fact.id, fact);
    if (fact?.type === 'session' || fact?.type === 'fatal' || fact?.type === 'finished') {
      lasting.set(fact.type, fact);
    }
  };

  return {
    add(facts) {
      for (const fact of facts) {
        // Of tries in a row the newest says it all, and they would drive out what was done before.
        if (fact.type === 'retrying' && recent.at(-1)?.type === 'retrying') recent.pop();
        recent.push(shortened(fact));
        if (recent.length > windowSize) retire(recent.shift());
      }
    },
    list() {
      // What lasts is three texts, the denials and the echoes at most, so one recent fact always fits beside them.
      while (recent.length > 1 && Buffer.byteLength(JSON.stringify(all())) > mostBytes)
        retire(recent.shift());
      return all();
    },
  };
}

function shortened(fact: Fact): Fact {
  switch (fact.type) {
    case 'said':
    case 'retrying':
    case 'fatal':
    case 'finished':
      return { ...fact, text: cut(fact.text) };
    case 'session':
      return { ...fact, id: cut(fact.id) };
    case 'word':
      return { ...fact, id: fact.id.slice(0, longestId) };
    case 'tool':
      return { ...fact, name: cut(fact.name) };
    case 'denied':
      return { ...fact, what: cut(fact.what) };
    case 'usage':
      return fact;
  }
}

/** To so many bytes, and not in the middle of a character. */
function cut(text: string): string {
  if (Buffer.byteLength(text) <= longestText) return text;
  const room = new Uint8Array(longestText);
  return text.slice(0, new TextEncoder().encodeInto(text, room).read);
}
