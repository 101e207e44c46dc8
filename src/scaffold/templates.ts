/**
 * The texts that platforms place, filled from `instructions.md`, which stays their only source: `{purpose}` is what
 * stands before its first heading, `{never}` its section of that name, `{instructions}` the whole.
 */
export function filledTemplate(template: string, instructions: string): string {
  const [purpose = '', ...sections] = instructions.trim().split(/\n+(?=# )/);
  const never = sections.find((section) => section.startsWith('# Never')) ?? '';
  const parts: Readonly<Record<string, string>> = {
    purpose: purpose.trim(),
    never: never.replace(/^# Never\s*/, '').replace(/^- /, ''),
    // One level deeper: below the title of the file they are put into.
    instructions: instructions.trim().replace(/^#/gm, '##'),
  };
  return template.replace(/\{(purpose|never|instructions)\}/g, (_, name: string) => parts[name] ?? '');
}
