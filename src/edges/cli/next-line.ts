import type { Answer, Tool } from '../../tools/define.ts';
import { fieldsOf, flagOf } from '../../tools/input-fields.ts';

/** Answers say what to do now as the call of a tool; a person types a command. Any other text stays as it is. */
export function typedNext(answer: Answer, tools: readonly Tool[]): Answer {
  if (typeof answer.next !== 'string') return answer;
  const next = answer.next.replace(/\b([a-z_]+) \{([^{}]*)\}/g, (call, name: string, list: string) => {
    const tool = tools.find((one) => one.name === name && one.cli && one.roles.includes('person'));
    return tool === undefined ? call : commandFor(tool, valuesOf(list, answer));
  });
  return { ...answer, next };
}

function commandFor(tool: Tool, values: ReadonlyMap<string, string>): string {
  const positional = tool.cli?.positional ?? [];
  const flags = fieldsOf(tool.input).flatMap((field) => {
    const value = positional.includes(field.name) ? undefined : values.get(field.name);
    return value === undefined ? [] : [`--${flagOf(field)}${value === 'true' ? '' : ` ${value}`}`];
  });
  const words = positional.flatMap((name) => values.get(name) ?? []);
  return ['loopyard', tool.cli?.path ?? tool.name, ...words, ...flags].join(' ');
}

/** `loop: "a", cursor` and the like. A name alone is found in the answer; what is no value is for the person to fill in. */
function valuesOf(list: string, answer: Answer): ReadonlyMap<string, string> {
  return new Map(
    [...list.matchAll(/([a-z_]+)(?:: (?:"([^"]*)"|([^,]+)))?/g)].map(
      ([, name = '', quoted, bare = String(answer[name] ?? '…')]) => {
        if (quoted !== undefined) return [name, /^[\w.,/-]+$/.test(quoted) ? quoted : `"${quoted}"`];
        return [name, /^(?:\d+|true|…)$/.test(bare) ? bare.replace('…', `<${name}>`) : `<${bare}>`];
      },
    ),
  );
}
