import { appended, cutOut, type Edited, endingOf, refusedAt } from './edited.ts';

const begin = /<!-- loopyard:begin\b[^\n]*?-->/g;
const end = /<!-- loopyard:end -->/g;

/** Puts our marked block at the end of somebody's Markdown, or renews the one that is there, wherever it was moved. */
export function setBlock(text: string, content: string, version: string): Edited {
  const found = blockIn(text);
  if (found && 'refused' in found) return found;
  const block = `<!-- loopyard:begin ${version} -->\n${content.trim()}\n<!-- loopyard:end -->`;
  if (!found) return { text: appended(text, block) };
  const renewed = block.replaceAll('\n', endingOf(text));
  return { text: text.slice(0, found.start) + renewed + text.slice(found.end) };
}

/** Takes our block out, and the empty line that came with it. */
export function removeBlock(text: string): Edited {
  const found = blockIn(text);
  if (!found || 'refused' in found) return found ?? { text };
  return { text: cutOut(text, found.start, found.end) };
}

export function hasBlock(text: string): boolean {
  const found = blockIn(text);
  return found !== undefined && !('refused' in found);
}

function blockIn(
  text: string,
): { start: number; end: number } | Extract<Edited, { refused: string }> | undefined {
  const [first, second] = text.matchAll(begin);
  const [last, extra] = text.matchAll(end);
  if (!first && !last) return undefined;
  const start = first?.index ?? 0;
  const stop = last ? last.index + last[0].length : 0;
  const odd = second?.index ?? extra?.index ?? (!first || !last || stop < start ? start : undefined);
  if (odd === undefined) return { start, end: stop };
  return refusedAt(text, odd, 'The marks of the loopyard block do not come in one pair.') as Extract<
    Edited,
    { refused: string }
  >;
}
