/**
 * Text from elsewhere, made fit to be shown: without colours, other control characters, characters that reorder what a
 * person sees, and halves of characters, which some programs refuse.
 */
export function plain(text: string): string {
  return (
    text
      // biome-ignore lint/suspicious/noControlCharactersInRegex: this is where they are taken out
      .replace(/\u001b\[[0-9;?]*[A-Za-z]/g, '')
      .replace(/\r\n?/g, '\n')
      // biome-ignore lint/suspicious/noControlCharactersInRegex: this is where they are taken out
      .replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g, '')
      // With the u flag a pair is one character, so that only a half is a surrogate.
      .replace(/\p{Surrogate}/gu, '\ufffd')
  );
}

/** At most so many characters; what was left out is said. `keep` tells which end matters. */
export function shorten(text: string, limit: number, keep: 'head' | 'tail' = 'head'): string {
  if (text.length <= limit) return text;
  const kept = keep === 'head' ? headOf(text, limit) : tailOf(text, limit);
  const note = `[… ${text.length - kept.length} characters left out …]`;
  return keep === 'head' ? `${kept}\n${note}` : `${note}\n${kept}`;
}

/** For a line among others: plain, and an ellipsis for what is beyond so many characters. */
export function brief(text: string, limit: number): string {
  const shown = plain(text);
  return shown.length <= limit ? shown : `${headOf(shown, limit - 1)}…`;
}

/** The first so many characters, and never half of one. */
export function headOf(text: string, limit: number): string {
  return text.slice(0, limit).replace(/[\ud800-\udbff]$/, '');
}

/** The last so many characters, and never half of one. */
export function tailOf(text: string, limit: number): string {
  return text.slice(Math.max(0, text.length - limit)).replace(/^[\udc00-\udfff]/, '');
}

/** A caller's own word in our sentence: printable, and not much of it. */
export function shown(text: string): string {
  return text.replace(/[^\x20-\x7e]/g, '?').slice(0, 60);
}

/** One word of a command line for a POSIX shell: quoted unless nothing in it means anything there. */
export function shellWord(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}

/** What a value weighs in an answer, where a line end or a quote counts two bytes and a letter of Asia three. */
export function jsonBytes(value: unknown): number {
  return new TextEncoder().encode(JSON.stringify(value) ?? '').length;
}
