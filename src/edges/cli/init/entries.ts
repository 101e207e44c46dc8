import { pathsOf, targetsOf } from '../../../scaffold/places.ts';
import { entryOf, type ServerEntry } from '../../../scaffold/plan.ts';
import { isServer, type Scope } from '../../../scaffold/platform.ts';
import { filesOf } from './carry-out.ts';
import type { InitWorld } from './world.ts';

/** Every entry for our server that a client of this scope finds now, whoever wrote it. */
export function entriesIn(world: InitWorld, scope: Scope): readonly ServerEntry[] {
  const files = filesOf(world, scope);
  return world.platforms.flatMap((platform) =>
    targetsOf(platform, scope).flatMap((target) => {
      if (!isServer(target)) return [];
      return pathsOf(platform, target, world.ground).flatMap((path): ServerEntry[] => {
        const found = files(path);
        if (!('text' in found) || !found.text) return [];
        const entry: ServerEntry = { platform: platform.id, path, real: found.real, target };
        return hasEntry(entry, found.text) ? [entry] : [];
      });
    }),
  );
}

/** A file that cannot be read as what it should be has no entry: init says more about it. */
function hasEntry(entry: ServerEntry, text: string): boolean {
  try {
    return entryOf(entry, text) !== undefined;
  } catch {
    return false;
  }
}
