import { parseArgs } from 'node:util';
import { LoopyardError } from '../../../domain/errors.ts';
import { nearest } from '../../../domain/nearest.ts';
import type { Scope } from '../../../scaffold/platform.ts';

export const launchers = ['auto', 'node', 'bin', 'npx'] as const;
export type Launcher = (typeof launchers)[number];

export interface InitOptions {
  readonly platforms: readonly string[] | undefined;
  readonly allDetected: boolean;
  readonly scope: Scope | undefined;
  readonly launcher: Launcher;
  readonly yes: boolean;
  readonly dryRun: boolean;
  readonly diff: boolean;
  readonly json: boolean;
  readonly remove: boolean;
  readonly verify: boolean;
  /** Whether a loopyard.json with the detected checks is proposed. */
  readonly checks: boolean;
  readonly workspace: string | undefined;
}

export const initUsage =
  '[--platform a,b] [--all-detected] [--scope project/user] [--launcher auto/node/bin/npx] [--yes] [--dry-run] [--diff] [--json] [--remove] [--no-checks] [--no-verify]';

/** Reads the line. Throws INVALID_ARGUMENT with the word that was not understood. */
export function initOptions(args: readonly string[], known: readonly string[]): InitOptions {
  const values = parsed(args);
  const platforms = values.platform?.flatMap((list) => list.split(',')).filter((id) => id !== '');
  const unknown = platforms?.find((id) => !known.includes(id) && id !== 'all');
  if (unknown !== undefined) {
    const meant = nearest(unknown, known);
    const hint = meant === undefined ? '' : ` Did you mean "${meant}"?`;
    throw invalid(`"--platform": there is no platform "${unknown}".${hint} Known: ${known.join(', ')}.`);
  }
  if (platforms && values['all-detected'])
    throw invalid('"--platform" and "--all-detected" exclude each other.');
  return {
    platforms: platforms?.includes('all') ? known : platforms,
    allDetected: values['all-detected'] ?? false,
    scope: oneOf('--scope', values.scope, ['project', 'user']),
    launcher: oneOf('--launcher', values.launcher, launchers) ?? 'auto',
    yes: values.yes ?? false,
    dryRun: values['dry-run'] ?? false,
    diff: values.diff ?? false,
    json: values.json ?? false,
    remove: values.remove ?? false,
    verify: !(values['no-verify'] ?? false),
    checks: !(values['no-checks'] ?? false),
    workspace: values.workspace,
  };
}

const flags = {
  platform: { type: 'string', multiple: true },
  'all-detected': { type: 'boolean' },
  scope: { type: 'string' },
  launcher: { type: 'string' },
  yes: { type: 'boolean', short: 'y' },
  'dry-run': { type: 'boolean' },
  diff: { type: 'boolean' },
  json: { type: 'boolean' },
  remove: { type: 'boolean' },
  'no-verify': { type: 'boolean' },
  'no-checks': { type: 'boolean' },
  workspace: { type: 'string', short: 'C' },
} as const;

function parsed(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options: flags }).values;
  } catch (cause) {
    const names = args.map((word) => /^--([^=]+)/.exec(word)?.[1]);
    const unknown = names.find((name) => name !== undefined && !Object.hasOwn(flags, name));
    const what = unknown === undefined ? '' : `init has no flag "--${unknown}". `;
    throw new LoopyardError(
      'INVALID_ARGUMENT',
      `${what}Say it like this: loopyard init ${initUsage}`,
      {},
      { cause },
    );
  }
}

function oneOf<T extends string>(
  flag: string,
  value: string | undefined,
  known: readonly T[],
): T | undefined {
  const found = known.find((word) => word === value);
  if (value !== undefined && found === undefined) {
    throw invalid(`"${flag}": expected ${known.join(' or ')}, not "${value}".`);
  }
  return found;
}

function invalid(message: string): LoopyardError {
  return new LoopyardError('INVALID_ARGUMENT', message);
}
