import { addUsage, type Fact, type Usage } from '../../domain/run.ts';

const windowSize = 50;
const longestText = 16_384;

/** The newest facts of a run. What would be missed later outlives the window: session, sum of usage, the final words. */
export interface FactWindow {
  add(facts: readonly Fact[]): void;
  list(): readonly Fact[];
}

export function openFactWindow(): FactWindow {
  const recent: Fact[] = [];
  const lasting = new Map<'session' | 'fatal' | 'finished', Fact>();
  let usage: Usage | undefined;

  return {
    add(facts) {
      for (const fact of facts) {
        recent.push(shortened(fact));
        const oldest = recent.length > windowSize ? recent.shift() : undefined;
        if (oldest?.type === 'usage') usage = addUsage(usage ?? {}, oldest.usage);
        if (oldest?.type === 'session' || oldest?.type === 'fatal' || oldest?.type === 'finished') {
          lasting.set(oldest.type, oldest);
        }
      }
    },
    list() {
      return [...lasting.values(), ...(usage ? [{ type: 'usage', usage } as const] : []), ...recent];
    },
  };
}

/** A line may be a megabyte; a fact is for people and prompts. */
function shortened(fact: Fact): Fact {
  return 'text' in fact && fact.text.length > longestText
    ? { ...fact, text: fact.text.slice(0, longestText) }
    : fact;
}
