const command = `If there is no goal, call \`status\` and say where the loops stand. Otherwise find or write a check that fails today, open
the loop with \`start_loop\`, follow it with \`status\`, and do what its \`next\` says. Land it with \`merge\` only after a
verdict says passed, and only if that was asked for; otherwise show what is ready and ask.`;

/**
 * The texts that platforms place, filled from `instructions.md`, which stays their only source: `{purpose}` is what
 * stands before its first heading, `{never}` its section of that name, `{instructions}` the whole. `{command}` is what a
 * `/loop` command says after its goal, which every client passes on in its own way.
 */
export function filledTemplate(template: string, instructions: string): string {
  const [purpose = '', ...sections] = instructions.trim().split(/\n+(?=# )/);
  const never = sections.find((section) => section.startsWith('# Never')) ?? '';
  const parts: Readonly<Record<string, string>> = {
    purpose: purpose.trim(),
    never: never.replace(/^# Never\s*/, '').replace(/^- /, ''),
    command,
    // One level deeper: below the title of the file they are put into.
    instructions: instructions.trim().replace(/^#/gm, '##'),
  };
  return template.replace(
    /\{(purpose|never|instructions|command)\}/g,
    (_, name: string) => parts[name] ?? '',
  );
}
