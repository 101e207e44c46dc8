import { type Shells, withdrawn } from './content.ts';
import { type Ground, pathsOf, targetsOf } from './places.ts';
import { Draft, type Files, type Plan } from './plan.ts';
import type { Platform, Scope, Target } from './platform.ts';

/** What is remembered of a file since loopyard wrote to it. */
export interface Written {
  /** The text before loopyard came; undefined when there was no file. */
  readonly before: string | undefined;
  /** Whether `before` had nothing of ours, so that going back to it removes everything. */
  readonly clean: boolean;
  readonly after: string;
  readonly shells: Shells;
}

/**
 * What takes loopyard out again. A file nobody touched since goes back to the bytes it had; from any other, exactly
 * our parts are taken, and the shells that were made for them. Where nothing is remembered (a colleague wrote it), a
 * file or object with nothing else in it is taken for a shell. What a platform that stays (`staying`) uses too is left.
 */
export function plannedRemoval(
  platforms: readonly Platform[],
  scopes: readonly Scope[],
  ground: Ground,
  files: Files,
  written: (real: string) => Written | undefined,
  staying: readonly Platform[] = [],
): Omit<Plan, 'servers'> {
  const draft = new Draft(files);
  const users = usersOf(staying, scopes, ground);
  for (const platform of platforms) {
    for (const scope of scopes) {
      for (const target of targetsOf(platform, scope)) {
        for (const path of pathsOf(platform, target, ground)) {
          const found = files(path);
          if (draft.textOf(path, platform.id) === undefined || !('text' in found)) continue;
          const text = draft.textOf(path, platform.id) ?? '';
          if (text === '') continue;
          const others = users.get(`${target.merge} ${path}`);
          if (others) {
            if (text.includes('loopyard'))
              draft.leave(path, platform.id, `It is used by ${others} too.`, { kept: true });
            continue;
          }
          const shells = written(found.real)?.shells ?? [[], ...parentsOf(target)];
          const edited = withdrawn(target, text, shells);
          if ('refused' in edited) {
            // A file that cannot be read cannot be known to hold anything of ours, unless it says our name.
            if (text.includes('loopyard')) draft.leave(path, platform.id, edited.refused, edited);
            continue;
          }
          if ('kept' in edited) draft.leave(path, platform.id, edited.kept, { kept: true });
          if (edited.text !== text) draft.write(path, platform.id, edited.text, []);
        }
      }
    }
  }
  const { files: changes, untouched } = draft.result();
  return {
    files: changes.map((change) => {
      const memory = written(change.real);
      const exact = memory?.clean && memory.after === change.before;
      return exact && !stillHolds(change.after) ? { ...change, after: memory.before } : change;
    }),
    untouched,
  };
}

/** Parts of platforms that were not asked for stay, and then the old bytes are not the answer. */
function stillHolds(after: string | undefined): boolean {
  return after?.includes('loopyard') ?? false;
}

/** Who of the platforms uses what, by the kind of edit and the path. */
function usersOf(
  platforms: readonly Platform[],
  scopes: readonly Scope[],
  ground: Ground,
): ReadonlyMap<string, string> {
  const users = new Map<string, string>();
  for (const platform of platforms) {
    for (const target of scopes.flatMap((scope) => targetsOf(platform, scope))) {
      for (const path of pathsOf(platform, target, ground)) {
        const key = `${target.merge} ${path}`;
        const known = users.get(key);
        users.set(key, known === undefined ? platform.title : `${known}, ${platform.title}`);
      }
    }
  }
  return users;
}

function parentsOf(target: Target): Shells {
  const at = 'at' in target ? target.at : [];
  return at.map((_, depth) => at.slice(0, depth));
}
