import * as z from 'zod';
import { errorCodes, errorKinds } from '../domain/errors.ts';
import { Config } from '../domain/settings/config.ts';
import { projectMeaning, type SettingName, settle, variableOf } from '../domain/settings/settings.ts';
import type { Backend } from '../ports/backend.ts';
import type { Role, Tool } from './define.ts';
import { type Field, type FieldSchema, fieldsIn, fieldsOf, flagOf } from './input-fields.ts';

/**
 * The parts of the documentation that the program knows better than any author: written from the catalog, the
 * configuration and the error table, so that they cannot lag behind. Pure; a test compares them with the files, and
 * `npm run docs` writes them.
 */

export function toolTable(tools: readonly Tool[], role: Role): string {
  const rows = tools
    .filter(({ roles }) => roles.includes(role))
    .map(({ name, description }) => [`[\`${name}\`](docs/tools.md#${name})`, description]);
  return table(['tool', 'what it does'], rows);
}

/** What is typed: a tool, or a command that is none because it needs a terminal or a process of its own. */
type Typed = Pick<Tool, 'description' | 'input' | 'cli'>;

export function commandTable(tools: readonly Tool[], others: readonly Typed[]): string {
  const commands: readonly Typed[] = tools.filter(({ cli, roles }) => cli && roles.includes('person'));
  const rows = [...commands, ...others].map((command) => [code(usage(command)), command.description]);
  return table(['command', 'what it does'], rows);
}

export function configTable(): string {
  const rows = settle([], false).settings.map(({ name, default: value, meaning }) => [
    code(name),
    code(variableOf(name)),
    value === undefined ? '' : code(JSON.stringify(value)),
    projectMeaning(name),
    meaning,
  ]);
  return table(['setting', 'environment', 'default', 'in a repository’s `loopyard.json`', 'meaning'], rows);
}

/** The JSON schema of both files of settings, for editors. What a repository's file may not do is in the descriptions. */
export function configSchema(): Readonly<Record<string, unknown>> {
  const { properties = {}, ...schema } = z.toJSONSchema(Config, { io: 'input' }) as {
    properties?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  };
  const described = Object.entries(properties).map(([name, { project: _, trust: __, ...property }]) => {
    const theirs = projectMeaning(name as SettingName);
    return [name, { ...property, description: `${property.description}. In a repository: ${theirs}.` }];
  });
  return {
    ...schema,
    title: 'loopyard settings',
    properties: { $schema: { type: 'string' }, ...Object.fromEntries(described) },
  };
}

export function backendTable(backends: readonly Backend[]): string {
  const rows = backends.map((backend) => [
    code(backend.id),
    backend.title,
    backend.probe ? code(backend.probe[0]) : 'the program you name',
    triedWith(backend),
    backend.tools ? 'attached' : 'files only',
    { none: 'unknown', tokens: 'tokens', cost: 'tokens and money' }[backend.usage],
  ]);
  return table(
    ['backend', 'runs', 'needs on PATH', 'tried with', "loopyard's tools", 'reports its use'],
    rows,
  );
}

const triedWith = ({ tried }: Backend) => tried ?? '*documented, untried*';

/** Everything each backend declares, a section for each. */
export function backendReference(backends: readonly Backend[]): string {
  return backends.map(backendSection).join('\n\n');
}

function backendSection(backend: Backend): string {
  const { id, title, family, probe, install, permissions, login, clients, resumes, nudges, env } = backend;
  const rows = [
    ['program', probe ? code(probe[0]) : 'the one you name'],
    ['to get it', probe ? code(install) : install],
    ['tried with', triedWith(backend)],
    ['model family', family === 'any' ? 'as configured in the program' : family],
    ...Object.entries(permissions).map(([mode, meaning]) => [`permissions ${code(mode)}`, meaning]),
    [
      "loopyard's tools",
      backend.tools ? 'attached' : 'not attached: the worker has the files of its context',
    ],
    ['reports', { none: 'no usage', tokens: 'tokens', cost: 'tokens and money' }[backend.usage]],
    ['tells what it does', backend.tellsAtEnd ? 'at its end, if at all' : 'while it works'],
    ['can go on with a session', resumes ? 'yes' : 'no'],
    ['hears what is told while it works', nudges ? 'yes' : 'no'],
    ...(login ? [['to log in', login.how]] : []),
    ...(clients.length > 0 ? [['as a client it is called', clients.map(code).join(' ')]] : []),
    ['variables passed on', env.length > 0 ? env.map(code).join(' ') : 'the common ones only'],
  ];
  return `## ${id}\n\n**${title}.**\n\n${table(['', ''], rows)}`;
}

export function errorTable(): string {
  const rows = Object.entries(errorCodes).map(([name, { kind, hint }]) => [
    code(name),
    kind,
    String(errorKinds[kind].exitCode),
    hint,
  ]);
  const kinds = Object.entries(errorKinds).map(([kind, { exitCode, mendedBy }]) => [
    kind,
    String(exitCode),
    mendedBy,
  ]);
  return `${table(['kind', 'exit code', 'can be mended by'], kinds)}\n\n${table(['code', 'kind', 'exit code', 'hint'], rows)}`;
}

interface Table {
  readonly name: string;
  readonly rows: Readonly<Record<string, Readonly<Partial<Record<string, string>>>>>;
}

/** A state machine as Mermaid draws it. What leads from every unfinished state to the same end is drawn once. */
export function machineDiagram({ rows }: Table): string {
  const unfinished = Object.values(rows).filter((moves) => Object.keys(moves).length > 0);
  const isCommon = (move: string, to: string) =>
    Object.keys(rows[to] ?? {}).length === 0 &&
    unfinished.length > 2 &&
    unfinished.every((moves) => moves[move] === to);
  const common = new Set<string>();
  const lines = Object.entries(rows).flatMap(([from, moves]) => {
    const byTarget = new Map<string, string[]>();
    for (const [move, to = ''] of Object.entries(moves)) {
      if (isCommon(move, to)) common.add(`  any --> ${to}: ${move}`);
      else byTarget.set(to, [...(byTarget.get(to) ?? []), move]);
    }
    if (Object.keys(moves).length === 0) return [`  ${from} --> [*]`];
    return [...byTarget].map(([to, names]) => `  ${from} --> ${to}: ${names.join(', ')}`);
  });
  const any = common.size > 0 ? ['  state "any state before an end" as any', ...common] : [];
  const [first = ''] = Object.keys(rows);
  return ['```mermaid', 'stateDiagram-v2', `  [*] --> ${first}`, ...lines, ...any, '```'].join('\n');
}

/** Every tool with every field, both ways. */
export function toolReference(tools: readonly Tool[]): string {
  return tools.map(section).join('\n\n');
}

function section(tool: Tool): string {
  const { name, title, description, effect, idempotent, roles, cli } = tool;
  const input = fieldsOf(tool.input).map(({ name, required, schema }) => [
    code(name),
    typeOf(schema),
    presence(schema, required),
    `${schema.description ?? ''}${schema.rare ? ' *(not listed to models)*' : ''}`,
  ]);
  const examples = cli ? ['', '```sh', ...cli.examples.map((line) => `loopyard ${line}`), '```'] : [];
  return [
    `## ${name}`,
    '',
    `**${title}.** ${description}`,
    '',
    `For: ${roles.join(', ')}. Effect: ${effect}${idempotent ? ', repeatable' : ''}.${cli ? ` Command: ${code(usage(tool))}` : ''}`,
    ...examples,
    '',
    input.length > 0 ? table(['input', 'type', 'when absent', 'meaning'], input) : 'No input.',
    '',
    table(['output', 'type', 'meaning'], outputRows(fieldsOf(tool.output), '')),
  ].join('\n');
}

function outputRows(fields: readonly Field[], at: string): string[][] {
  return fields.flatMap(({ name, required, schema }) => {
    const path = `${at}${name}`;
    const isList = schema.type === 'array';
    const below = outputRows(
      fieldsIn((isList ? schema.items : schema) ?? {}),
      `${path}${isList ? '[]' : ''}.`,
    );
    const optional = required ? '' : ', optional';
    return [[code(path), `${typeOf(schema)}${optional}`, schema.description ?? ''], ...below];
  });
}

/** `loopyard steer <loop> <action> [text]`: with everything else as flags. */
function usage(tool: Typed): string {
  const names = tool.cli?.positional ?? [];
  const mandatory = fieldsOf(tool.input).filter(({ required }) => required);
  const isMandatory = (name: string) => mandatory.some((field) => field.name === name);
  const positional = names.map((name) => (isMandatory(name) ? `<${name}>` : `[${name}]`));
  const flags = mandatory.filter(({ name }) => !names.includes(name)).map((field) => `--${flagOf(field)} …`);
  return ['loopyard', tool.cli?.path ?? '', ...positional, ...flags].join(' ');
}

/** A type and its limits in a few words: `text, 1 to 200 characters`. */
function typeOf(schema: FieldSchema): string {
  const { type, items } = schema;
  if (schema.enum) return schema.enum.map(code).join(', ');
  const words = { string: 'text', integer: 'whole number', number: 'number', boolean: 'true or false' };
  if (type === 'array') {
    const limits = range(schema.minItems, schema.maxItems);
    return `list of ${items?.properties ? 'objects' : typeOf(items ?? {})}${limits && `; ${limits} of them`}`;
  }
  if (type === 'object') return 'object';
  const limits =
    type === 'string'
      ? range(schema.minLength, schema.maxLength, ' characters')
      : range(schema.minimum ?? above(schema.exclusiveMinimum), schema.maximum);
  const word = words[type as keyof typeof words] ?? 'anything';
  return limits ? `${word}, ${limits}` : word;
}

const above = (limit: number | undefined) => (limit === undefined ? undefined : `more than ${limit}`);

function range(from: number | string | undefined, to: number | undefined, unit = ''): string {
  const most = to === undefined || to === Number.MAX_SAFE_INTEGER ? undefined : to;
  const least = from === undefined || from === -Number.MAX_SAFE_INTEGER ? undefined : from;
  if (least !== undefined && most !== undefined)
    return `${least}${typeof least === 'string' ? ', at most' : ' to'} ${most}${unit}`;
  if (least !== undefined) return typeof least === 'string' ? least : `at least ${least}${unit}`;
  return most === undefined ? '' : `at most ${most}${unit}`;
}

function presence(schema: FieldSchema, isRequired: boolean): string {
  if (isRequired) return '**required**';
  return schema.default === undefined ? '' : code(JSON.stringify(schema.default));
}

function table(heading: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|').replaceAll('\n', ' ')).join(' | ')} |`;
  return [line(heading), line(heading.map(() => '---')), ...rows.map(line)].join('\n');
}

const code = (text: string) => `\`${text}\``;
