import type { BackendFinding } from './backend-discovery.ts';

interface Wishes {
  /** What the caller named, in order; empty: nothing. */
  readonly asked: readonly string[];
  /** The client that opens the loop, as it introduced itself. */
  readonly client: string;
  /** The backend for loops that name none, from the configuration. */
  readonly usual: string | undefined;
  /** The order of the configuration. */
  readonly order: readonly string[];
}

/** `backends`: the one to start with and those to fall back to. */
export type BackendChoice =
  | { readonly backends: readonly [string, ...string[]]; readonly notes: readonly string[] }
  | { readonly none: string };

/**
 * Which backends a loop gets. Those it names and that are installed; else the usual one, the client's own program, the
 * configured order, whatever is installed. It falls back only to what somebody named, because every program spends from
 * somebody's account. One that shows no login comes last and is not left out: a login can lie where nobody can look.
 */
export function chooseBackends(
  { asked, client, usual, order }: Wishes,
  found: readonly BackendFinding[],
): BackendChoice {
  const installed = found.filter(({ program }) => program !== undefined);
  const isInstalled = (id: string) => installed.some((finding) => finding.id === id);
  if (asked.length > 0) {
    const [first, ...rest] = unique(asked.filter((id) => id === 'command' || isInstalled(id)));
    if (first === undefined) return { none: `${refusal(asked, found)} ${othersOf(installed)}` };
    const missing = asked.filter((id) => id !== 'command' && !isInstalled(id));
    return {
      backends: [first, ...rest],
      notes: [
        ...missing.map((id) => `${id} is left out: ${troubleOf(found, id)}`),
        ...doubts(found, [first, ...rest]),
      ],
    };
  }
  const own = found.filter(({ clients }) => clients.includes(client)).map(({ id }) => id);
  const named = unique([...(usual === undefined ? [] : [usual]), ...own, ...order]).filter(isInstalled);
  const candidates = unique([...named, ...installed.map(({ id }) => id)]);
  const first = candidates.find((id) => loginOf(found, id) !== 'no') ?? candidates[0];
  if (first === undefined) {
    const known = found.map(({ id }) => id).join(', ');
    return { none: `None of the programs that can be workers is on PATH (${known}).` };
  }
  const fallbacks = order.filter((id) => id !== first && isInstalled(id));
  return { backends: [first, ...unique(fallbacks)], notes: doubts(found, [first]) };
}

const unique = (ids: readonly string[]) => [...new Set(ids)];

const loginOf = (found: readonly BackendFinding[], id: string) =>
  found.find((finding) => finding.id === id)?.login;

const troubleOf = (found: readonly BackendFinding[], id: string) =>
  found.find((finding) => finding.id === id)?.trouble ?? 'it has no program of its own.';

function doubts(found: readonly BackendFinding[], ids: readonly string[]): string[] {
  return found.flatMap(({ id, trouble }) => (ids.includes(id) && trouble ? [trouble] : []));
}

function refusal(asked: readonly string[], found: readonly BackendFinding[]): string {
  return asked.map((id) => troubleOf(found, id)).join(' ');
}

function othersOf(installed: readonly BackendFinding[]): string {
  if (installed.length === 0) return 'No other program that can be a worker is installed.';
  const others = installed.map(({ id, login }) => (login === 'no' ? `${id} (shows no login)` : id));
  return `Installed: ${others.join(', ')}.`;
}
