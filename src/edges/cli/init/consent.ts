import { LoopyardError } from '../../../domain/errors.ts';
import { paintFor, toJson } from '../render.ts';
import { tableFor } from '../table.ts';
import type { Terminal } from '../terminal.ts';
import type { InitOptions } from './options.ts';
import type { Prompts } from './prompts.ts';
import { type InitReport, planText } from './report.ts';

/** Shows the plan, and finds out whether to go on: with nothing to write, there still are entries to prove. */
export async function agreed(
  draft: InitReport,
  options: InitOptions,
  prompts: Prompts | undefined,
  terminal: Terminal,
): Promise<boolean> {
  const nothing = draft.files.length === 0;
  const over = options.dry_run || (nothing && draft.action === 'remove');
  if (options.json) {
    if (over) terminal.stdout.write(`${toJson(draft, terminal.stdout.isTTY ? 2 : 0)}\n`);
  } else {
    const paint = paintFor(terminal, await tableFor(terminal));
    terminal.stdout.write(planText(draft, options.diff || options.dry_run || prompts !== undefined, paint));
    if (nothing) terminal.stdout.write('Nothing to do.\n');
  }
  if (over) return false;
  if (nothing || options.yes) return true;
  if (!prompts) {
    throw new LoopyardError(
      'INVALID_ARGUMENT',
      'Nothing was written: there is no terminal to ask on. Pass --yes to write this, or --dry-run to only look.',
    );
  }
  const yes = await prompts.confirm('Write this?');
  if (!yes) terminal.stderr.write('Nothing was changed.\n');
  return yes;
}
