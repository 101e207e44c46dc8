import { parseArgs } from 'node:util';
import { LoopyardError } from './domain/errors.ts';
import { shown } from './domain/text.ts';

/**
 * Reads a line that starts the server: `mcp`, and the workspace before or after it, as with every other command.
 * Undefined when the line is for another command, or asks for help. A word that means nothing here is refused, because
 * a client would never show that it was overlooked.
 */
export function mcpLine(argv: readonly string[]): { workspace?: string } | undefined {
  const { tokens } = parseArgs({
    args: [...argv],
    options: { workspace: { type: 'string', short: 'C' }, help: { type: 'boolean', short: 'h' } },
    strict: false,
    tokens: true,
  });
  const [command, extra] = tokens.flatMap((token) => (token.kind === 'positional' ? [token.value] : []));
  const flags = tokens.filter((token) => token.kind === 'option');
  if (command !== 'mcp' || flags.some(({ name }) => name === 'help')) return undefined;
  const unknown = flags.find(({ name }) => name !== 'workspace')?.rawName ?? extra;
  if (unknown !== undefined) throw wrong(`loopyard mcp does not know "${shown(unknown)}".`);
  const workspace = flags.at(-1);
  if (!workspace) return {};
  if (!workspace.value) throw wrong(`${workspace.rawName} takes the path of a checkout.`);
  return { workspace: workspace.value };
}

function wrong(sentence: string): LoopyardError {
  return new LoopyardError(
    'INVALID_ARGUMENT',
    `${sentence} Say it like this: loopyard mcp [--workspace <path>]`,
  );
}
