import { constants } from 'node:os';
import path from 'node:path';
import { asLoopyardError, errorKinds, LoopyardError } from '../../domain/errors.ts';
import type { Answer, Call, Paint, Tool, ToolRuntime } from '../../tools/define.ts';
import { stackOf } from '../stack.ts';
import { typedNext } from './next-line.ts';
import type { CommandFront, Order } from './program.ts';
import { progressLine } from './progress-line.ts';
import { paintFor, printable, printableAnswer, toJson } from './render.ts';
import { tableFor } from './table.ts';
import type { Terminal } from './terminal.ts';

/** One line typed by a person or a script: understood, done, answered. Resolves with the exit code. */
export async function run(front: CommandFront, argv: readonly string[], terminal: Terminal): Promise<number> {
  const paint = paintFor(terminal, await tableFor(terminal));
  const json = flagsOf(argv).includes('--json');
  try {
    return await obeyed(front, argv, terminal, paint, json);
  } catch (thrown) {
    if (terminal.signal.aborted) {
      if (thrown instanceof LoopyardError && thrown.code === 'INTERRUPTED')
        terminal.stderr.write(`${thrown.message}\n`);
      return interruptedCode(terminal.signal);
    }
    return reported(asLoopyardError(thrown), terminal, paint, json);
  } finally {
    await terminal.flush();
  }
}

async function obeyed(
  front: CommandFront,
  argv: readonly string[],
  terminal: Terminal,
  paint: Paint,
  json: boolean,
): Promise<number> {
  const [first, ...rest] = argv;
  const { overview, programOf, requireCommand } = await import('./program.ts');
  if (first === undefined) {
    terminal.stdout.write(overview(front, paint));
    return 0;
  }
  if (first === 'help' && rest[0] !== undefined) requireCommand(front, rest[0]);
  const order = ordered(argv, (take) => programOf(front, terminal, paint, argv, take));
  if (order === undefined) return 0; // help or version, already printed
  if ('extra' in order) {
    const { extra, input, workspace } = order;
    return await extra.run(input, { json, workspace }, terminal);
  }
  const answer = await called(front, order, terminal);
  terminal.stdout.write(
    json ? asJson(answer, terminal) : asText(order.tool, typedNext(answer, front.tools), paint),
  );
  return order.tool.exitCode(answer);
}

async function called(
  front: CommandFront,
  { tool, input, workspace }: Order & { tool: Tool },
  terminal: Terminal,
): Promise<Answer> {
  // A person stands where he means; only what he says himself comes before that.
  const place = path.resolve(front.cwd, workspace ?? (front.env.LOOPYARD_WORKSPACE || '.'));
  const line = progressLine(terminal);
  let runtime: ToolRuntime | undefined;
  try {
    const { signal } = terminal;
    const opened = await untilInterrupted(signal, front.open(place, 'cli'));
    runtime = opened.runtime;
    const { checkout } = opened;
    const progress = (message: string) => line.show(message);
    const hurry = new AbortController();
    if (tool.cli?.hurries) terminal.divert(() => hurry.abort());
    const call: Call = { role: 'person', client: 'cli', checkout, signal, hurry: hurry.signal, progress };
    return await untilInterrupted(signal, tool.call(input, runtime, call));
  } catch (thrown) {
    const error = asLoopyardError(thrown);
    if (error.kind === 'internal' && !terminal.signal.aborted) {
      runtime?.log('error', `The command ${tool.cli?.path ?? tool.name} failed.`, { stack: stackOf(error) });
    }
    throw error;
  } finally {
    line.clear();
  }
}

const LAST_WORDS_MS = 1_000;

/** A command that was asked to stop gets a moment to leave things tidy, and no more. */
function untilInterrupted<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    let timer: NodeJS.Timeout | undefined;
    const giveUp = () => {
      timer = setTimeout(() => reject(new Error('interrupted')), LAST_WORDS_MS);
    };
    signal.addEventListener('abort', giveUp, { once: true });
    if (signal.aborted) giveUp();
    work
      .then((answer) => (signal.aborted ? reject(new Error('interrupted')) : resolve(answer)), reject)
      .finally(() => {
        clearTimeout(timer);
        signal.removeEventListener('abort', giveUp);
      });
  });
}

function ordered(
  argv: readonly string[],
  program: (take: (order: Order) => void) => {
    parse(argv: readonly string[], from: { from: 'user' }): unknown;
  },
): Order | undefined {
  let order: Order | undefined;
  try {
    program((taken) => {
      order = taken;
    }).parse(argv, { from: 'user' });
  } catch (thrown) {
    const usage = usageError(thrown);
    if (usage) throw usage;
  }
  return order;
}

/** What commander says about a line it does not understand, as one of our errors; undefined when it printed help. */
function usageError(thrown: unknown): Error | undefined {
  if (!(thrown instanceof Error) || !('code' in thrown) || !String(thrown.code).startsWith('commander.')) {
    return asLoopyardError(thrown);
  }
  if (['commander.helpDisplayed', 'commander.version'].includes(String(thrown.code))) return undefined;
  if (thrown.code === 'commander.help') {
    // `help <command>` ends in the same way as a command that wants another word, but for its code.
    if ('exitCode' in thrown && thrown.exitCode === 0) return undefined;
    return new LoopyardError('INVALID_ARGUMENT', 'This command needs another word; its help names them.');
  }
  const [first = '', ...suggestions] = thrown.message.replace(/^error: /, '').split('\n');
  const said = first.charAt(0).toUpperCase() + first.slice(1);
  const meant = suggestions.map((line) => line.replace(/^\((.*)\)$/, ' $1')).join('');
  return new LoopyardError('INVALID_ARGUMENT', `${said.replace(/\.?$/, '.')}${meant}`);
}

function reported(error: LoopyardError, terminal: Terminal, paint: Paint, json: boolean): number {
  const { code, message, hint, facts } = error;
  if (json) {
    terminal.stdout.write(asJson({ ...facts, error: code, message, hint }, terminal));
  } else {
    terminal.stderr.write(`${paint.bad('loopyard:')} ${printable(message)}\n${paint.dim(hint)}\n`);
  }
  return errorKinds[error.kind].exitCode;
}

function asJson(value: unknown, terminal: Terminal): string {
  return `${toJson(value, terminal.stdout.isTTY ? 2 : 0)}\n`;
}

function asText(tool: Tool, answer: Answer, paint: Paint): string {
  const text = tool.render(printableAnswer(answer), paint);
  return text === '' || text.endsWith('\n') ? text : `${text}\n`;
}

function interruptedCode({ reason }: AbortSignal): number {
  const signals: Readonly<Record<string, number>> = constants.signals;
  return 128 + (signals[String(reason)] ?? constants.signals.SIGINT);
}

function flagsOf(argv: readonly string[]): readonly string[] {
  const end = argv.indexOf('--');
  return end < 0 ? argv : argv.slice(0, end);
}
