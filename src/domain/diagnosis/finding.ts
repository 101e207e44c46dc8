export const levels = ['ok', 'note', 'warning', 'problem'] as const;
export type Level = (typeof levels)[number];

/** What doctor can do by itself: nothing of it removes anybody's work, and doing it twice changes nothing more. */
export type Fix =
  | { readonly do: 'sweep' }
  | { readonly do: 'forget_worktree'; readonly path: string }
  | { readonly do: 'remove_room'; readonly name: string }
  | { readonly do: 'wake_keeper' };

export interface Finding {
  /** `git.version`: the same thing has the same name on every machine. */
  readonly id: string;
  readonly level: Level;
  readonly what: string;
  /** Why it matters. */
  readonly why?: string;
  /** What to do about it: a whole sentence, with the exact command where there is one. */
  readonly todo?: string;
  readonly fix?: Fix;
}

export const ok = (id: string, what: string): Finding => ({ id, level: 'ok', what });

type Rest = { readonly why: string; readonly todo: string; readonly fix?: Fix };

export const note = (id: string, what: string, rest: Partial<Rest> = {}): Finding => ({
  id,
  level: 'note',
  what,
  ...rest,
});
export const warning = (id: string, what: string, rest: Rest): Finding => ({
  id,
  level: 'warning',
  what,
  ...rest,
});
export const problem = (id: string, what: string, rest: Rest): Finding => ({
  id,
  level: 'problem',
  what,
  ...rest,
});

/** Bytes for people: `1.2 GB`. */
export function size(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  const step = Math.min(units.length - 1, Math.floor(Math.log10(Math.max(1, bytes)) / 3));
  const value = bytes / 1000 ** step;
  return `${step === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${units[step]}`;
}
