/** What stands at the path of a file that would be ours. */
export type Ownership = 'ours' | 'ours, edited' | 'foreign';

/**
 * The text of a file that is ours as a whole. Its last line says so, with the version and a fingerprint of the rest:
 * by that, another machine and a later version can tell whether a person has edited it since.
 */
export function ownText(file: string, content: string, version: string): string {
  const body = `${content.trim()}\n`;
  const mark = `loopyard ${version} ${fingerprint(body)}, written by loopyard init`;
  return `${body}\n${file.endsWith('.toml') ? `# ${mark}` : `<!-- ${mark} -->`}\n`;
}

export function ownershipOf(text: string): Ownership {
  const lines = text.replaceAll('\r\n', '\n');
  const mark = /\n\n(?:# |<!-- )loopyard \S+ ([0-9a-f]{8}), written by loopyard init(?: -->)?\n?$/.exec(
    lines,
  );
  if (mark) return fingerprint(`${lines.slice(0, mark.index)}\n`) === mark[1] ? 'ours' : 'ours, edited';
  return lines.includes(', written by loopyard init') ? 'ours, edited' : 'foreign';
}

/** FNV-1a: tells an edit from none, and claims no more. */
function fingerprint(text: string): string {
  let hash = 0x811c9dc5;
  for (const char of text) hash = Math.imul(hash ^ (char.codePointAt(0) ?? 0), 0x01000193);
  return (hash >>> 0).toString(16).padStart(8, '0');
}
