import { type SuggestedCheck, suggestedChecks } from '../../../scaffold/checks.ts';
import type { Plan } from '../../../scaffold/plan.ts';
import type { Scope } from '../../../scaffold/platform.ts';
import {
  plannedProjectFile,
  plannedProjectFileRemoval,
  schemaReference,
} from '../../../scaffold/project-file.ts';
import { filesOf } from './carry-out.ts';
import type { Asker } from './choice.ts';
import type { InitOptions } from './options.ts';
import type { InitWorld } from './world.ts';

/** What is known of the project's checks, and the file that would hold them. */
export interface ChecksPlan extends Pick<Plan, 'files' | 'untouched'> {
  readonly found: readonly SuggestedCheck[];
  readonly notes: readonly string[];
}

const nothing: ChecksPlan = { files: [], untouched: [], found: [], notes: [] };

/** Detects the checks of a project, lets a person choose among them, and plans the `loopyard.json` that names them. */
export async function checksPlan(
  world: InitWorld,
  options: InitOptions,
  scope: Scope,
  asker: Pick<Asker, 'checks'> | undefined,
): Promise<ChecksPlan> {
  if (!options.checks || world.ground.project === undefined) return nothing;
  const found = suggestedChecks(world.projectFiles);
  if (scope === 'user') return { ...nothing, found };
  const { projectFile } = world;
  if (!projectFile) {
    const note = 'loopyard.json is read from the main checkout only: run init there for one with checks.';
    return world.projectFiles.has('loopyard.json') || found.length === 0
      ? nothing
      : { ...nothing, notes: [note] };
  }
  if (world.projectFiles.has('loopyard.json')) {
    const note =
      'loopyard.json exists and stays as it is. It is not trusted yet: read it with loopyard trust.';
    return { ...nothing, notes: projectFile.isTrusted() ? [] : [note] };
  }
  const chosen = asker && found.length > 0 ? await asker.checks(found) : found.map(({ name }) => name);
  const checks = found.filter(({ name }) => chosen.includes(name));
  const schema = schemaReference(world.version, world.copies.inProject);
  const plan = plannedProjectFile(projectFile.path, filesOf(world, scope), { checks, schema });
  const note = 'loopyard.json names commands that loopyard runs. Writing it here counts as trusting them.';
  return { ...plan, found: checks, notes: plan.files.length > 0 ? [note] : [] };
}

/** The file goes with the last client of the project, as long as nobody has edited it. */
export function checksRemoval(world: InitWorld, scope: Scope): Pick<Plan, 'files' | 'untouched'> {
  const { projectFile } = world;
  if (scope === 'user' || !projectFile) return nothing;
  const files = filesOf(world, scope);
  const found = files(projectFile.path);
  return plannedProjectFileRemoval(projectFile.path, files, world.written(found.real));
}
