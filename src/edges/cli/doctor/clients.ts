import type { ClientFacts } from '../../../domain/diagnosis/facts.ts';
import { pathsOf, targetsOf } from '../../../scaffold/places.ts';
import { entryOf, type ServerEntry } from '../../../scaffold/plan.ts';
import { isServer, type Scope } from '../../../scaffold/platform.ts';
import { filesOf } from '../init/carry-out.ts';
import { seenPlatforms } from '../init/choice.ts';
import { proofs } from '../init/proof.ts';
import type { InitWorld } from '../init/world.ts';

/** Which clients have an entry for our server, and whether what it says starts one, in both eras of the protocol. */
export async function clientFacts(world: InitWorld): Promise<ClientFacts> {
  const scopes: readonly Scope[] = world.ground.project === undefined ? ['user'] : ['project', 'user'];
  const servers = scopes.flatMap((scope) => entriesIn(world, scope));
  const configured = new Set(servers.map(({ platform }) => platform));
  const proven = await proofs(world, servers);
  return {
    entries: proven.map(({ launch, platforms, handshake, stateless }) => {
      const failed = [handshake, stateless].find((probe) => !probe.ok);
      return {
        platforms: [...new Set(platforms)],
        command: [launch.command, ...launch.args].join(' '),
        tools: handshake.ok ? handshake.tools.length : undefined,
        ms: handshake.ok ? Math.round(handshake.ms) : undefined,
        ...(failed && !failed.ok && { because: failed.because }),
      };
    }),
    without: seenPlatforms(world)
      .filter(({ platform, signs }) => signs.length > 0 && !configured.has(platform.id))
      .map(({ platform }) => platform.title),
  };
}

function entriesIn(world: InitWorld, scope: Scope): readonly ServerEntry[] {
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
