/**
 * Foreign text as a block that it cannot leave: the fence is longer than any run of backticks inside. What a worker, a
 * check or a file says is data, and a model that reads it must be able to see where it ends.
 */
export function fence(text: string, label = ''): string {
  // Measured on what is shown: a control character between two backticks is gone by then.
  const shown = plain(text).trimEnd();
  const longest = [...shown.matchAll(/`+/g)].reduce((most, [run]) => Math.max(most, run.length), 0);
  const marks = '`'.repeat(Math.max(3, longest + 1));
  return `${marks}${label}\n${shown}\n${marks}`;
}

/** Without colours, other control characters and characters that reorder what a person sees. */
export function plain(text: string): string {
  return (
    text
      // biome-ignore lint/suspicious/noControlCharactersInRegex: this is where they are taken out
      .replace(/\u001b\[[0-9;?]*[A-Za-z]/g, '')
      .replace(/\r\n?/g, '\n')
      // biome-ignore lint/suspicious/noControlCharactersInRegex: this is where they are taken out
      .replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g, '')
  );
}

/** At most so many characters; what was left out is said. `keep` tells which end matters. */
export function shorten(text: string, limit: number, keep: 'head' | 'tail' = 'head'): string {
  if (text.length <= limit) return text;
  // Never half a surrogate pair: some programs refuse a text that holds one.
  const kept =
    keep === 'head'
      ? text.slice(0, limit).replace(/[\ud800-\udbff]$/, '')
      : text.slice(text.length - limit).replace(/^[\udc00-\udfff]/, '');
  const note = `[… ${text.length - kept.length} characters left out …]`;
  return keep === 'head' ? `${kept}\n${note}` : `${note}\n${kept}`;
}
