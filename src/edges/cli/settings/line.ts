import { type ParseArgsConfig, parseArgs } from 'node:util';
import { LoopyardError } from '../../../domain/errors.ts';

type Flags = NonNullable<ParseArgsConfig['options']>;

/** Reads the line of a command that is no tool. Throws INVALID_ARGUMENT with how to say it. */
export function lineOf<F extends Flags>(args: readonly string[], flags: F, usage: string) {
  try {
    const { positionals, values } = parseArgs({
      args: [...args],
      options: { ...common, ...flags },
      allowPositionals: true,
    });
    return { positionals, values };
  } catch (cause) {
    throw said(usage, cause);
  }
}

export function said(usage: string, cause?: unknown): LoopyardError {
  return new LoopyardError(
    'INVALID_ARGUMENT',
    `Say it like this: loopyard ${usage}`,
    {},
    cause === undefined ? {} : { cause },
  );
}

const common = {
  json: { type: 'boolean' },
  workspace: { type: 'string', short: 'C' },
} as const satisfies Flags;
