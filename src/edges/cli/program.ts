import { Command, type HelpConfiguration } from 'commander';
import { LoopyardError } from '../../domain/errors.ts';
import { nearest } from '../../domain/nearest.ts';
import type { Effect, Paint, Tool } from '../../tools/define.ts';
import type { Front } from '../front.ts';
import type { Extra, Face } from './extra.ts';
import { addFields, inputOf } from './parse.ts';
import type { Terminal } from './terminal.ts';

/** What the command line needs: commands that are no tools stand beside those that are. */
export interface CommandFront extends Front {
  readonly extras: readonly Extra[];
}

/** What a typed line asks for. */
export type Order = ({ readonly tool: Tool } | { readonly extra: Extra }) & {
  readonly input: Record<string, unknown>;
  readonly workspace: string | undefined;
};

interface Globals {
  workspace?: string;
}

/**
 * All commands, made from the tools a person may use. Parsing only takes the order; nothing happens yet. The words that
 * were typed tell which commands need their flags: to describe those of all would take longer than most commands do.
 */
export function programOf(
  front: CommandFront,
  terminal: Terminal,
  paint: Paint,
  typed: readonly string[],
  take: (order: Order) => void,
): Command {
  const program = new Command('loopyard')
    .description('Runs and coordinates autonomous coding loops in this repository.')
    .version(front.version, '-V, --version', 'print the version')
    .option('--json', 'answer as JSON, errors too')
    .option('-C, --workspace <path>', 'the checkout to act on (default: this directory)')
    .option('--set <key=value>', 'a setting for this command and the keeper it starts; repeatable')
    .helpOption('-h, --help', 'print this')
    .configureHelp(style(paint))
    .configureOutput({
      writeOut: (text) => terminal.stdout.write(text),
      writeErr: (text) => terminal.stderr.write(text),
      outputError: () => {},
      getOutHelpWidth: () => terminal.columns,
      getErrHelpWidth: () => terminal.columns,
      getOutHasColors: () => terminal.color,
      getErrHasColors: () => terminal.color,
    })
    .exitOverride()
    .addHelpText('afterAll', `\n${paint.dim(exitCodes)}`);

  const add = (one: Face, group: string, doer: { tool: Tool } | { extra: Extra }) => {
    const { path, note, examples } = one.cli;
    const command = commandAt(program, path.split(' '), group)
      .summary(inShort(one.description))
      .description([one.description, ...(note ? [note] : [])].join(' '));
    if (typed.includes(path.split(' ')[0] ?? path)) addFields(command, one);
    const lines = examples.map((example) => `  loopyard ${example}`);
    if (lines.length > 0) command.addHelpText('after', [`\n${paint.bold('Examples:')}`, ...lines].join('\n'));
    command.action(() =>
      take({ ...doer, input: inputOf(command, one), workspace: program.opts<Globals>().workspace }),
    );
  };
  for (const tool of commandTools(front.tools)) add(tool, groups[tool.effect], { tool });
  for (const extra of front.extras) add(extra, 'Run:', { extra });
  return program.addHelpCommand(
    new Command('help').argument('[command]').helpGroup('Run:').description('Print the help of a command'),
  );
}

/** What `loopyard` alone says: the commands in a few lines, and where to read on. */
export function overview(front: CommandFront, paint: Paint): string {
  const commands = commandsOf(front).map(({ cli, description }) => [cli.path, description] as const);
  const width = Math.max(...commands.map(([name]) => name.length)) + 2;
  return [
    `${paint.bold('loopyard')} ${front.version} runs and coordinates autonomous coding loops in a repository.`,
    '',
    ...commands.map(([name, description]) => `  ${name.padEnd(width)}${paint.dim(inShort(description))}`),
    '',
    'loopyard <command> --help says more, with examples.',
    '',
  ].join('\n');
}

/** Refuses to help with a command that is none. */
export function requireCommand(front: CommandFront, word: string): void {
  const known = [...commandsOf(front).flatMap(({ cli }) => cli.path.split(' ').slice(0, 1)), 'help'];
  if (known.includes(word)) return;
  const match = nearest(word, known);
  const meant = match ? ` Did you mean ${match}?` : '';
  throw new LoopyardError('INVALID_ARGUMENT', `Unknown command '${word}'.${meant}`);
}

/** The first clause of a description. */
function inShort(description: string): string {
  const [clause = ''] = description.split(/[.:;](?: |$)/);
  return clause.charAt(0).toUpperCase() + clause.slice(1);
}

const groups: Readonly<Record<Effect, string>> = {
  read: 'Look (changes nothing):',
  write: 'Act:',
  destroy: 'End or remove:',
};

const exitCodes =
  'Exit codes: 0 fine, 1 the answer is no, 2 wrong input, 3 conflict, 4 environment, 5 could not be judged, 70 internal, 128+n signal n.';

function commandsOf(front: CommandFront): readonly Face[] {
  return [...commandTools(front.tools), ...front.extras];
}

function commandTools(tools: readonly Tool[]) {
  return tools.flatMap((tool) =>
    tool.cli && tool.roles.includes('person') ? [{ ...tool, cli: tool.cli }] : [],
  );
}

/** The command at the end of a path. Its parents are made on the way, and say which words may follow. */
function commandAt(program: Command, path: readonly string[], group: string): Command {
  return path.reduce((parent, word) => {
    const known = parent.commands.find((command) => command.name() === word);
    if (known) return known;
    const made = parent.command(word).helpGroup(group);
    if (parent !== program && parent.description() === '')
      parent.summary(parent.commands.map((command) => command.name()).join(', '));
    return made;
  }, program);
}

function style(paint: Paint): HelpConfiguration {
  return {
    showGlobalOptions: true,
    styleTitle: (title) => paint.bold(title),
    subcommandTerm: (command) => command.name(),
  };
}
