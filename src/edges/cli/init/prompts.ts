import type { Scope } from '../../../scaffold/platform.ts';
import { printable } from '../render.ts';
import { type Asker, hasServer, type Seen } from './choice.ts';

export interface Prompts extends Asker {
  confirm(question: string): Promise<boolean>;
}

/** Thrown out of a question that was answered with Ctrl-C. */
export class Cancelled extends Error {}

/** Questions on a terminal. The library is loaded only when somebody is there to answer. */
export async function terminalPrompts(): Promise<Prompts> {
  const { confirm, isCancel, multiselect, select } = await import('@clack/prompts');
  const answered = <T>(answer: T): Exclude<T, symbol> => {
    if (isCancel(answer)) throw new Cancelled();
    return answer as Exclude<T, symbol>;
  };
  return {
    scope: async (suggested, portable) =>
      answered(
        await select<Scope>({
          message: 'Where should loopyard be configured?',
          initialValue: suggested,
          options: [
            {
              value: 'project',
              label: 'In this project',
              hint: portable
                ? 'files to be committed'
                : 'needs loopyard on PATH or among the dependencies, so that files name no path of this machine',
              disabled: !portable,
            },
            { value: 'user', label: 'For me, in all projects', hint: 'files in my home' },
          ],
        }),
      ),
    platforms: async (seen, scope) =>
      answered(
        await multiselect<string>({
          message: 'For which clients? (space to choose, enter to go on)',
          required: true,
          initialValues: seen.filter(({ signs }) => signs.length > 0).map(({ platform }) => platform.id),
          options: seen
            .toSorted((a, b) => Number(b.signs.length > 0) - Number(a.signs.length > 0))
            .map((one) => ({ value: one.platform.id, label: one.platform.title, hint: hintOf(one, scope) })),
        }),
      ),
    checks: async (found) =>
      answered(
        await multiselect<string>({
          message: 'Which of these decide whether work is good? They go into loopyard.json.',
          required: false,
          initialValues: found.map(({ name }) => name),
          options: found.map(({ name, command, because }) => ({
            value: name,
            label: printable(command),
            hint: printable(because),
          })),
        }),
      ),
    confirm: async (message) => answered(await confirm({ message })),
  };
}

function hintOf({ platform, signs }: Seen, scope: Scope): string {
  const found = signs.length > 0 ? `found: ${signs.join(', ')}` : 'not found here';
  return hasServer(platform, scope) ? found : `${found}; no server entry in this scope`;
}
