import { type Launch, launchOf } from '../../../scaffold/launch.ts';
import { entryOf, type ServerEntry } from '../../../scaffold/plan.ts';
import type { Platform, Scope } from '../../../scaffold/platform.ts';
import { hasServer } from './choice.ts';
import type { InitWorld, Probe } from './world.ts';

/** One way to start the server, as written in one or more files, and how it went. */
export interface Proof {
  readonly launch: Launch;
  readonly platforms: readonly string[];
  readonly handshake: Probe;
  readonly stateless: Probe;
}

/** What a client itself says of the server. */
export interface ClientSays {
  readonly platform: string;
  readonly command: string;
  readonly state: 'connected' | 'pending' | 'listed' | 'not listed' | 'no answer' | 'unclear';
}

/** Reads the entries back from their files and starts what they say: each way once, however many clients share it. */
export async function proofs(world: InitWorld, servers: readonly ServerEntry[]): Promise<readonly Proof[]> {
  const ways = new Map<string, { launch: ReturnType<typeof launchOf>; platforms: string[] }>();
  for (const server of servers) {
    const found = world.read(server.path);
    const launch = 'text' in found ? launchOf(entryOf(server, found.text ?? '')) : undefined;
    const way = ways.get(JSON.stringify(launch)) ?? { launch, platforms: [] };
    way.platforms.push(server.platform);
    ways.set(JSON.stringify(launch), way);
  }
  return Promise.all(
    [...ways.values()].map(async ({ launch, platforms }) => {
      const because = 'The entry does not say how to start a server.';
      const none: Probe = { ok: false, because };
      if (!launch) return { launch: { command: '', args: [] }, platforms, handshake: none, stateless: none };
      const { command, args } = launch;
      return { launch: { command, args }, platforms, ...(await world.prove(launch)) };
    }),
  );
}

/** Asks every chosen client that has a command for it and is installed. */
export async function clientsSay(
  world: InitWorld,
  platforms: readonly Platform[],
  scope: Scope,
): Promise<readonly ClientSays[]> {
  const served = platforms.filter((platform) => hasServer(platform, scope));
  const asked = served.map(async ({ id, health }): Promise<ClientSays[]> => {
    if (!health || !world.existing.command(health.run[0] ?? '')) return [];
    const answer = await world.ask(health.run);
    return [{ platform: id, command: health.run.join(' '), state: stateIn(answer, health, scope) }];
  });
  return (await Promise.all(asked)).flat();
}

function stateIn(
  answer: string | undefined,
  health: NonNullable<Platform['health']>,
  scope: Scope,
): ClientSays['state'] {
  if (answer === undefined) return 'no answer';
  const lines = answer.split('\n').filter((line) => line.includes('loopyard'));
  if (lines.length === 0) return health.hides_untrusted && scope === 'project' ? 'pending' : 'not listed';
  const states = ['pending', 'connected', 'listed'] as const;
  const fits = (state: (typeof states)[number]) => {
    const pattern = health[state];
    return pattern !== undefined && lines.some((line) => new RegExp(pattern).test(line));
  };
  return states.find(fits) ?? 'unclear';
}
