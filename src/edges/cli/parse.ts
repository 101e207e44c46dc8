import { type Command, Option } from 'commander';
import { invalid } from '../../domain/errors.ts';
import { nearest } from '../../domain/nearest.ts';
import type { Tool } from '../../tools/define.ts';
import { type Field, type FieldSchema, fieldsOf, flagOf } from '../../tools/input-fields.ts';

/** The part of a face that is typed. */
type Typed = Pick<Tool, 'input' | 'cli'>;

/** Gives a command the positionals and flags of its fields; every one is reachable. */
export function addFields(command: Command, tool: Typed): void {
  const { positional, flags } = placed(tool);
  for (const field of positional) {
    const dots = field.schema.type === 'array' ? '...' : '';
    const [open, close] = field.required ? '<>' : '[]';
    command.argument(
      `${open}${field.name}${dots}${close}`,
      explained(field.schema),
      reader(field, field.name),
    );
  }
  for (const field of flags) for (const option of optionsOf(field)) command.addOption(option);
}

/** What was typed, as the raw input of the tool. What was not typed is absent: defaults are the tool's. */
export function inputOf(command: Command, tool: Typed): Record<string, unknown> {
  const { positional, flags } = placed(tool);
  const typed = positional.map((field, at) => [field.name, command.processedArgs[at]] as const);
  const flagged = flags.map((field) => {
    const key = attribute(field);
    return [
      field.name,
      command.getOptionValueSource(key) === 'cli' ? command.getOptionValue(key) : undefined,
    ] as const;
  });
  const given = [...typed, ...flagged].filter(([, value]) => value !== undefined && !isEmptyList(value));
  return Object.fromEntries(given);
}

/** --workspace is one flag for all commands and decides before the tool is called, so it is no flag of the tool. */
function placed(tool: Typed): { positional: readonly Field[]; flags: readonly Field[] } {
  const fields = fieldsOf(tool.input).filter((field) => field.name !== 'workspace');
  const names = tool.cli?.positional ?? [];
  return {
    positional: names.flatMap((name) => fields.filter((field) => field.name === name)),
    flags: fields.filter((field) => !names.includes(field.name)),
  };
}

function optionsOf(field: Field): readonly Option[] {
  const { schema } = field;
  const flag = flagOf(field);
  const letter = schema.short === undefined ? '' : `-${schema.short}, `;
  if (schema.type === 'boolean') {
    const yes = new Option(`${letter}--${flag}`, explained(schema));
    return schema.default === true
      ? [new Option(`--no-${flag}`, `not: ${schema.description}`), yes.hideHelp()]
      : [yes];
  }
  const option = new Option(`${letter}--${flag} <${placeholder(schema)}>`, explained(schema));
  return [option.argParser(reader(field, `--${flag}`)).makeOptionMandatory(field.required)];
}

function explained({ description = '', default: value, items, type, ...schema }: FieldSchema): string {
  const more = [
    ...(schema.enum ? [`one of ${schema.enum.join(', ')}`] : []),
    ...(type === 'array' ? [items?.type === 'object' ? 'repeatable, each as JSON' : 'repeatable'] : []),
    ...(value === undefined || value === false || (Array.isArray(value) && value.length === 0)
      ? []
      : [`default: ${typeof value === 'string' ? value : JSON.stringify(value)}`]),
  ];
  return more.length > 0 ? `${description} (${more.join('; ')})` : description;
}

function placeholder({ type, items }: FieldSchema): string {
  if (type === 'integer' || type === 'number') return 'n';
  if (type === 'array') return placeholder(items ?? {});
  return type === 'object' ? 'json' : 'text';
}

/** Reads one typed word; commander hands over what the words before it gave. */
function reader(field: Field, where: string) {
  return (word: string, before: unknown): unknown => {
    if (field.schema.type !== 'array') return read(word, field.schema, where);
    const value = read(word, field.schema.items ?? {}, where);
    return Array.isArray(before) ? [...before, value] : [value];
  };
}

function read(word: string, schema: FieldSchema, where: string): unknown {
  if (schema.enum) return choice(word, schema.enum, where);
  switch (schema.type) {
    case 'integer':
    case 'number': {
      const value = Number(word);
      const fits = word.trim() !== '' && Number.isFinite(value);
      if (!fits || (schema.type === 'integer' && !Number.isInteger(value))) {
        throw invalid(
          `${where} takes a ${schema.type === 'integer' ? 'whole number' : 'number'}, not "${word}".`,
        );
      }
      return value;
    }
    case 'boolean':
      return choice(word, ['true', 'false'], where) === 'true';
    case 'object':
      try {
        return JSON.parse(word);
      } catch {
        throw invalid(`${where} takes JSON, and "${word}" is none.`);
      }
    default:
      return word;
  }
}

function choice(word: string, choices: readonly string[], where: string): string {
  if (choices.includes(word)) return word;
  const match = nearest(word, choices);
  const meant = match ? ` Did you mean ${match}?` : '';
  throw invalid(`${where} takes one of ${choices.join(', ')}, not "${word}".${meant}`);
}

function attribute(field: Field): string {
  return new Option(`--${flagOf(field)}`).attributeName();
}

function isEmptyList(value: unknown): boolean {
  return Array.isArray(value) && value.length === 0;
}
