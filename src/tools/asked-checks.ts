import { argvFrom } from '../core/argv.ts';
import { invalid, LoopyardError } from '../domain/errors.ts';
import type { Config } from '../domain/settings/config.ts';
import { checkNames, inertBecause, type ProjectFile } from '../domain/settings/project-file.ts';
import { headOf, shown } from '../domain/text.ts';
import type { Check } from '../domain/verification/verification.ts';
import type { ToolRuntime } from './define.ts';

/** Checks as a caller wrote them, and what to tell him about where they come from. */
export interface AskedChecks {
  readonly checks: Check[];
  readonly note?: string;
}

/**
 * Checks as the caller wrote them: command lines, or names of the configuration; without any, those that the
 * repository's own loopyard.json names, if a person trusts it. Programs must be there.
 */
export async function checksFrom(
  rt: Pick<ToolRuntime, 'config' | 'project' | 'processes' | 'env'>,
  asked: readonly string[] | undefined,
  timeoutMinutes: number | undefined,
  network?: boolean,
): Promise<AskedChecks> {
  refuseBroken(rt.project);
  const lines = asked ?? usualChecks(rt);
  const timeoutMs = Math.round((timeoutMinutes ?? rt.config.check_timeout_minutes) * 60_000);
  const checks = lines.map((line) => {
    const found = Object.hasOwn(rt.config.checks, line) ? rt.config.checks[line] : undefined;
    const named = typeof found === 'string' ? { run: found } : found;
    const wantsNetwork = network ?? named?.network;
    if (found === undefined) refuseInert(rt.project, line);
    return {
      name: headOf(line, 200),
      argv: argvFrom(named?.run ?? line, `The check "${shown(line)}"`),
      ...(named?.cwd === undefined ? {} : { cwd: folderWithin(named.cwd, line) }),
      timeoutMs:
        named?.timeout_minutes === undefined || timeoutMinutes !== undefined
          ? timeoutMs
          : Math.round(named.timeout_minutes * 60_000),
      ...(wantsNetwork === undefined ? {} : { network: wantsNetwork }),
      origin: named === undefined ? ('call' as const) : ('configuration' as const),
    };
  });
  const twice = checks.find((check, index) => checks.findIndex(({ name }) => name === check.name) !== index);
  if (twice) throw invalid(`The check "${shown(twice.name)}" is named twice.`);
  for (const { name, argv } of checks) await requireProgram(rt, name, argv[0]);
  return asked
    ? { checks }
    : { checks, note: `The checks are those of loopyard.json: ${lines.map(shown).join(', ')}.` };
}

function usualChecks({ config, project }: Pick<ToolRuntime, 'config' | 'project'>): readonly string[] {
  const names = project ? checkNames(project) : [];
  const because = project && inertBecause(project);
  const usable = because === undefined ? names.filter((name) => Object.hasOwn(config.checks, name)) : [];
  if (usable.length > 20) {
    throw invalid(
      `"checks": loopyard.json names ${usable.length} checks, and at most 20 run together; name some.`,
    );
  }
  if (usable.length > 0) return usable;
  const waiting =
    because !== undefined && names.length > 0
      ? ` There are checks in ${because}: ${names.map(shown).join(', ')}; ${howToTrust}.`
      : '';
  throw invalid(
    `"checks": name the commands that decide (command line: --check "npm test").${
      waiting || ' Without any, those of loopyard.json decide, and here it names none.'
    }`,
  );
}

const howToTrust = 'a person reads and accepts it with "loopyard trust"';

/** A name that only the repository gives a meaning is no command before somebody has read what it would run. */
function refuseInert(project: ProjectFile | undefined, line: string): void {
  const because = project && inertBecause(project);
  if (!because || !checkNames(project).includes(line)) return;
  throw invalid(`The check "${shown(line)}" comes from ${because}: ${howToTrust}.`);
}

function refuseBroken(project: ProjectFile | undefined): void {
  if (project?.state !== 'broken') return;
  throw new LoopyardError('INVALID_CONFIG', project.problems.join(' '), { file: project.file });
}

/** A folder of the checkout. Whether it is there is seen on the commit that is checked. */
function folderWithin(cwd: string, name: string): string {
  const parts = cwd.split(/[\\/]/).filter((part) => part !== '' && part !== '.');
  if (!/^(?:[\\/]|[a-z]:)/i.test(cwd) && !parts.includes('..')) return parts.join('/') || '.';
  throw invalid(
    `The folder "${shown(cwd)}" of the check "${shown(name)}" is not below the root of the checkout.`,
  );
}

/** A program named by path belongs to the checkout and is looked for when the check runs; a bare name must be on PATH. */
async function requireProgram(
  rt: Pick<ToolRuntime, 'config' | 'processes' | 'env'>,
  name: string,
  program: string,
): Promise<void> {
  if (/[\\/]/.test(program) || (await rt.processes.which(program, rt.env)) !== undefined) return;
  throw invalid(
    `The check "${shown(name)}" does not exist: there is no program "${shown(program)}" on PATH` +
      `${configured(rt.config)}.`,
  );
}

function configured({ checks }: Config): string {
  const names = Object.keys(checks);
  return names.length > 0
    ? `, and the configured checks are ${names.join(', ')}`
    : ', and no check is configured by name';
}
