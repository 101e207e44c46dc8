import { pathsOf, targetsOf } from '../../../scaffold/places.ts';
import { isServer, type Platform, type Scope } from '../../../scaffold/platform.ts';
import type { Line } from '../extra.ts';
import type { platformsFace } from '../faces.ts';
import { tableFor } from '../table.ts';
import type { Terminal } from '../terminal.ts';
import { seenPlatforms } from './choice.ts';
import { entriesIn } from './entries.ts';
import type { InitWorld } from './world.ts';

interface Listed {
  readonly id: string;
  readonly title: string;
  /** Why it is thought to be in use here; empty: it was not found. */
  readonly signs: readonly string[];
  /** By scope: the file that holds the server or would, and whether it names loopyard. */
  readonly scopes: Partial<Record<Scope, { readonly file: string; readonly configured: boolean }>>;
  /** What init's files for it were tried with; absent: documented only. */
  readonly tried?: string;
}

/** Lists the clients that init knows: found here or not, configured or not, tried or not. Nothing is changed or run. */
export async function platforms(
  makeWorld: (workspace: string | undefined) => Promise<InitWorld>,
  { json, workspace }: Line<typeof platformsFace>,
  terminal: Terminal,
): Promise<number> {
  const listed = listIn(await makeWorld(workspace));
  if (json) {
    terminal.stdout.write(`${JSON.stringify({ platforms: listed })}\n`);
    return 0;
  }
  const rows = listed.map(({ id, title, signs, scopes, tried }) => [
    id,
    title,
    signs.length > 0 ? `found: ${signs.join(', ')}` : '-',
    placeText(scopes.project),
    placeText(scopes.user),
    tried === undefined ? 'documented only' : `tried with ${tried}`,
  ]);
  const table = await tableFor(terminal);
  const head = ['id', 'client', 'here', 'project', 'user', 'tried'];
  terminal.stdout.write(`${table([head, ...rows])}\nA file with * names loopyard already.\n`);
  return 0;
}

function listIn(world: InitWorld): readonly Listed[] {
  const scopes: readonly Scope[] = world.ground.project === undefined ? ['user'] : ['project', 'user'];
  const entries = scopes.flatMap((scope) => entriesIn(world, scope).map((entry) => ({ ...entry, scope })));
  return seenPlatforms(world).map(({ platform, signs }) => {
    const places = scopes.flatMap((scope) => {
      const entry = entries.find((one) => one.platform === platform.id && one.scope === scope);
      const file = entry?.path ?? firstFile(world, platform, scope);
      return file === undefined ? [] : [[scope, { file, configured: entry !== undefined }] as const];
    });
    const { id, title, version } = platform;
    return { id, title, signs, scopes: Object.fromEntries(places), ...(version && { tried: version }) };
  });
}

function firstFile({ ground }: InitWorld, platform: Platform, scope: Scope): string | undefined {
  const target = targetsOf(platform, scope).find(isServer);
  return target && pathsOf(platform, target, ground)[0];
}

function placeText(place: { readonly file: string; readonly configured: boolean } | undefined): string {
  return place ? `${place.file}${place.configured ? ' *' : ''}` : '-';
}
