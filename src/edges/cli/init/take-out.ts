import type { Scope } from '../../../scaffold/platform.ts';
import { plannedRemoval } from '../../../scaffold/removal.ts';
import type { Terminal } from '../terminal.ts';
import { carriedOut, filesOf, refusalCode } from './carry-out.ts';
import { checksRemoval } from './checks.ts';
import { agreed } from './consent.ts';
import type { InitOptions } from './options.ts';
import type { Prompts } from './prompts.ts';
import { fileOf, type InitReport, tell, untold } from './report.ts';
import type { InitWorld } from './world.ts';

/** Takes loopyard out of the configuration: of both scopes, and of all platforms, unless told otherwise. */
export async function takeOut(
  world: InitWorld,
  options: InitOptions,
  prompts: Prompts | undefined,
  terminal: Terminal,
): Promise<number> {
  const platforms = world.platforms.filter(({ id }) => options.platforms?.includes(id) ?? true);
  const seen = new Set<string>();
  const parts = scopesOf(world, options).map((scope) => {
    const known = world.remembered(scope);
    const left = known.filter((id) => !platforms.some((platform) => platform.id === id));
    const staying = world.platforms.filter(({ id }) => left.includes(id));
    const found = filesOf(world, scope);
    const plan = plannedRemoval(platforms, [scope], world.ground, found, world.written, staying);
    // Where the home is a repository itself, a file can belong to both scopes.
    const isLast = left.length === 0 && (options.platforms === undefined || known.length > 0);
    const checks = isLast ? checksRemoval(world, scope) : { files: [], untouched: [] };
    const files = [...plan.files, ...checks.files].filter(({ real }) => !seen.has(real));
    for (const { real } of files) seen.add(real);
    return { scope, files, untouched: [...plan.untouched, ...checks.untouched], left };
  });
  const draft: InitReport = {
    ...untold,
    action: 'remove',
    scope: parts.map(({ scope }) => scope).join(' and '),
    version: world.version,
    platforms: platforms.map(({ id }) => id),
    files: parts.flatMap(({ files }) => files.map(fileOf)),
    untouched: parts.flatMap(({ untouched }) => untouched),
    next: options.dry_run ? 'Nothing was written. The same with --yes writes it.' : 'Nothing to do.',
  };
  if (!(await agreed(draft, options, prompts, terminal))) return refusalCode(draft.untouched);
  const done = parts.map(({ scope, files }) => carriedOut(world, files, { removal: true, scope }));
  for (const { scope, left } of parts) world.remember(scope, left);
  if (done.some(({ files }) => files.some(({ path }) => path === world.projectFile?.path)))
    world.projectFile?.distrust();
  const report: InitReport = {
    ...draft,
    written: true,
    files: done.flatMap(({ files }) => files),
    untouched: [...draft.untouched, ...done.flatMap(({ failed }) => failed)],
    next: 'loopyard was taken out of these files. What it keeps of loops stays in the repositories.',
  };
  tell(report, draft.untouched.length, world.platforms, options, terminal);
  return refusalCode(report.untouched);
}

function scopesOf({ ground }: InitWorld, { scope }: InitOptions): readonly Scope[] {
  if (scope) return [scope];
  return ground.project === undefined ? ['user'] : ['project', 'user'];
}
