import { type Ground, pathOf } from './places.ts';
import type { Platform } from './platform.ts';

/** What exists, looked up before: commands by name, everything else by path. */
export interface Existing {
  command(name: string): boolean;
  path(path: string): boolean;
}

/** Why a platform is taken to be in use here, as a person would say it: `the command codex`, `.codex`. */
export function signsOf(platform: Platform, ground: Ground, existing: Existing): readonly string[] {
  const { commands, project, user } = platform.detect;
  return [
    ...commands.filter((name) => existing.command(name)).map((name) => `the command ${name}`),
    ...(ground.project === undefined ? [] : project).filter((path) =>
      existing.path(pathOf(path, platform, ground)),
    ),
    ...user.filter((path) => existing.path(pathOf(path, platform, ground))),
  ];
}
