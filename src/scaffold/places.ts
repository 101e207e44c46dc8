import type { Platform, Scope, System, Target } from './platform.ts';

/** Where the paths of platform files begin, on this machine and for this person. */
export interface Ground {
  readonly system: System;
  readonly home: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Top of the checkout; undefined outside git. */
  readonly project?: string;
}

/** All paths a target can mean, the preferred one first, then its other names. */
export function pathsOf(platform: Platform, target: Target, ground: Ground): readonly string[] {
  const file = typeof target.file === 'string' ? target.file : target.file[ground.system];
  return [file, ...target.or].map((path) => pathOf(path, platform, ground));
}

/** A path of a platform file on this machine; a variable such as CODEX_HOME may have moved its folder. */
export function pathOf(path: string, platform: Platform, ground: Ground): string {
  if (!path.startsWith('~/')) return `${ground.project ?? '.'}/${path}`;
  for (const [folder, moved] of Object.entries(platform.moved_by)) {
    const [variable = '', ...below] = moved.split('/');
    const place = ground.env[variable];
    if (place && (path === folder || path.startsWith(`${folder}/`))) {
      return [place, ...below].join('/') + path.slice(folder.length);
    }
  }
  return `${ground.home}/${path.slice(2)}`;
}

export function targetsOf(platform: Platform, scope: Scope): readonly Target[] {
  return scope === 'project' ? platform.project : platform.user;
}
