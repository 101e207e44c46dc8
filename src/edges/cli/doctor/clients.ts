import type { ClientFacts } from '../../../domain/diagnosis/facts.ts';
import type { Scope } from '../../../scaffold/platform.ts';
import { seenPlatforms } from '../init/choice.ts';
import { entriesIn } from '../init/entries.ts';
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
