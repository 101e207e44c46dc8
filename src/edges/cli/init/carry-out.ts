import { asLoopyardError } from '../../../domain/errors.ts';
import type { FileChange, Untouched } from '../../../scaffold/plan.ts';
import type { Scope } from '../../../scaffold/platform.ts';
import { fileOf, type InitReport } from './report.ts';
import type { InitWorld } from './world.ts';

export interface CarriedOut {
  readonly files: InitReport['files'];
  /** What could not be written after all. */
  readonly failed: readonly Untouched[];
}

/** Writes file after file. One that cannot be written, or that somebody changed meanwhile, costs only itself. */
export function carriedOut(
  world: InitWorld,
  changes: readonly FileChange[],
  { removal, scope }: { removal: boolean; scope: Scope },
): CarriedOut {
  const within = placeOf(world, scope);
  const files: InitReport['files'][number][] = [];
  const failed: Untouched[] = [];
  for (const change of changes) {
    const { path, platforms, before } = change;
    try {
      const clean = !(before?.includes('loopyard') ?? false);
      const backup = world.write(change, { clean, removal, within });
      files.push({ ...fileOf(change), ...(backup !== undefined && { backup }) });
    } catch (thrown) {
      const error = asLoopyardError(thrown);
      if (error.kind === 'internal') throw error;
      failed.push({ path, platforms, because: error.message, kept: false });
    }
  }
  return { files, failed };
}

/** Reads a file for a plan of this scope. */
export function filesOf(world: InitWorld, scope: Scope) {
  const within = placeOf(world, scope);
  return (path: string) => world.read(path, within);
}

/** 2 when something stays undone that the person wanted. */
export function refusalCode(untouched: readonly Untouched[]): number {
  return untouched.some(({ kept }) => !kept) ? 2 : 0;
}

function placeOf({ ground }: InitWorld, scope: Scope): string | undefined {
  return scope === 'project' ? ground.project : undefined;
}
