/** A failing test: its name as the runner prints it, and the first lines of what was wrong. Foreign text. */
export interface TestFailure {
  readonly name: string;
  readonly message: string;
}

/** What one start of one runner reported. */
export interface Section {
  /** Lines from its header, or from the summary itself where the runner prints no header, to the summary's end. */
  readonly from: number;
  readonly to: number;
  readonly passed: number;
  readonly failed: number;
  /** Also tests that are to be done, or expected to fail: they ran and proved nothing. */
  readonly skipped: number;
  readonly failures: readonly TestFailure[];
}

/** The lines of an output. `gap`: index of the line that stands for what was left out in the middle. */
export interface Printed {
  readonly lines: readonly string[];
  readonly gap: number | undefined;
}

/** Knows the shape of one runner's output. */
export interface Reader {
  readonly format: string;
  readonly read: (printed: Printed) => readonly Section[];
}

export type Counts = Pick<Section, 'passed' | 'failed' | 'skipped'>;

export const none: Counts = { passed: 0, failed: 0, skipped: 0 };
export const totalOf = ({ passed, failed, skipped }: Counts) => passed + failed + skipped;

/**
 * The sections of a runner that says when it starts and when it has ended. A summary needs a start of its own: one
 * that has none takes the place of the one before, because what a program under test prints comes before what its
 * runner prints. A start that was lost in the gap is granted. Runners that run at the same time are told apart by
 * number only. `ends` says that a line may be the last of a summary; `read` is asked for few of them.
 */
export function startedSections(
  { lines, gap }: Printed,
  starts: RegExp,
  ends: RegExp,
  read: (index: number, from: number) => Section | undefined,
): readonly Section[] {
  const open: number[] = [];
  const slots: { readonly from: number; readonly ends: number[] }[] = [];
  for (const [index, line] of lines.entries()) {
    if (starts.test(line) || (index === gap && open.length === 0)) open.push(index);
    else if (ends.test(line)) {
      const from = open.shift();
      if (from !== undefined) slots.push({ from, ends: [index] });
      else slots.at(-1)?.ends.push(index);
    }
  }
  return slots.slice(-mostSlots).flatMap((slot) => {
    for (const index of slot.ends.slice(-mostTries).reverse()) {
      const section = read(index, slot.from);
      if (section) return [section];
    }
    return [];
  });
}

/** Sections of one runner that are read: each is read line by line, and they may overlap. */
const mostSlots = 200;

/** Ends of a section that are tried, from the last one backwards. */
const mostTries = 20;

/** The sections of a runner that prints nothing when it starts. `summary` also hears where the last section ended. */
export function endedSections(
  printed: Printed,
  summary: (index: number, after: number) => Section | undefined,
): readonly Section[] {
  const sections: Section[] = [];
  for (const index of printed.lines.keys()) {
    const section = summary(index, (sections.at(-1)?.to ?? -1) + 1);
    if (section) sections.push(section);
  }
  return sections;
}

/**
 * A summary that claims more tests than were listed before it is not believed beyond what was listed: a program under
 * test can print a summary more easily than the list. Nothing is said when the list may be in the gap.
 */
export function believable(printed: Printed, from: number, to: number, said: Counts, listed: number): Counts {
  if (printed.gap !== undefined && printed.gap >= from && printed.gap <= to) return said;
  const surplus = totalOf(said) - listed;
  return surplus <= 0 ? said : withoutPasses(said, surplus);
}

/** So many tests fewer; the passed ones go first, because nobody fakes a failure. */
export function withoutPasses({ passed, failed, skipped }: Counts, surplus: number): Counts {
  const rest = Math.max(0, surplus - passed);
  const skippedLeft = Math.max(0, skipped - rest);
  return { passed: Math.max(0, passed - surplus), failed, skipped: skippedLeft };
}

/** Adds up `3 passed, 1 failed`: pairs of a number and a word, each word standing for one of the three counts. */
export function countsOf(
  pairs: Iterable<readonly [number, string]>,
  words: Readonly<Record<string, keyof Counts>>,
): Counts {
  const counts = { ...none };
  for (const [count, word] of pairs) {
    const kind = Object.hasOwn(words, word) ? words[word] : undefined;
    if (kind) counts[kind] += count;
  }
  return counts;
}

/** `1 failed | 2 passed` and its like, cut at a separator. Undefined when a part is not a number and words. */
export function pairsIn(text: string, separator: string): readonly (readonly [number, string])[] | undefined {
  const pairs: [number, string][] = [];
  for (const part of text.split(separator)) {
    const [, count, word] = /^\s*(\d{1,9}) (\S.{0,60})$/.exec(part.trimEnd()) ?? [];
    if (count === undefined || word === undefined) return undefined;
    pairs.push([Number(count), word]);
  }
  return pairs;
}
