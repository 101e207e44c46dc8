import type { Facts } from './facts.ts';
import { findings } from './finding-list.ts';

/** One line of the log, as far as it is our own words. */
export interface LogLine {
  readonly time: string;
  readonly level: number;
  readonly process: string;
  readonly message: string;
}

/** What a bug report may hold beside the facts: how often which kind of event was recorded lately, and our log. */
export interface History {
  readonly events: Readonly<Record<string, number>>;
  readonly log: readonly LogLine[];
}

/**
 * A bug report, made of what is allowed to leave and not of what is left after removing: no value of a setting, no
 * goal or what is named after one, no code, no output, no argument of a command. The words that remain go through
 * `redact` as well, because a path or a key can be in an error.
 */
export function bundle(facts: Facts, history: History, now: number, redact: (text: string) => string) {
  const told = publicFacts(facts);
  const report = {
    about: { loopyard: told.version, made: new Date(now).toISOString(), ...told.machine },
    git: told.git,
    state: told.state ?? 'not looked at',
    yard: told.yard ?? 'not looked at',
    settings: told.settings.settings.map(({ name, sources, inert, overruled }) => ({
      name,
      sources,
      ...(inert !== undefined && { inert: true }),
      ...(overruled !== undefined && { overruled }),
    })),
    backends: told.backends.map(({ id, version, login }) => ({ id, version, login })),
    clients: told.clients,
    disk: told.disk.map(({ what, bytes, more }) => ({ what, bytes, more })),
    findings: findings(told, now),
    events: history.events,
    log: history.log,
  };
  return redacted(report, redact);
}

/** The facts without what a person, a worker or a repository has named. */
function publicFacts(facts: Facts): Facts {
  const { yard, clients, settings } = facts;
  const numbered = new Map<string, number>();
  const anonymous = (kind: string) => {
    const n = (numbered.get(kind) ?? 0) + 1;
    numbered.set(kind, n);
    return `${kind} ${n}`;
  };
  return {
    ...facts,
    yard: yard && {
      ...yard,
      leases: yard.leases.map((lease) => ({
        ...lease,
        resource: lease.resource === 'keeper' ? 'keeper' : anonymous('resource'),
        holder: lease.holder.startsWith('loop ') ? anonymous('loop') : 'a process',
        purpose: '',
      })),
      ...(yard.kept && {
        kept: { ...yard.kept, leaving: yard.kept.leaving.map(({ on }) => ({ ref: anonymous('ref'), on })) },
      }),
      ...(yard.rebuiltRooms && { rebuiltRooms: { count: yard.rebuiltRooms.count, why: '(not included)' } }),
      leftovers: yard.leftovers.map((leftover) => ({ ...leftover, name: anonymous(leftover.kind) })),
    },
    clients: {
      ...clients,
      entries: clients.entries.map((entry) => ({ ...entry, command: '(not included)' })),
    },
    settings: {
      ...settings,
      settings: settings.settings.map((setting) => ({
        ...setting,
        value: undefined,
        ...(setting.inert !== undefined && { inert: true }),
      })),
      problems: settings.problems.map(({ source, place }) => ({
        source,
        sentence: `A problem in the settings of the ${source}${place ? `, line ${place.line}` : ''} (not included).`,
      })),
      project: settings.project && { ...settings.project, changes: [], problems: [] },
    },
    strangeVariables: facts.strangeVariables.map(({ nearest }) => ({ name: '(not included)', nearest })),
  };
}

function redacted(value: unknown, redact: (text: string) => string): unknown {
  if (typeof value === 'string') return redact(value);
  if (Array.isArray(value)) return value.map((item) => redacted(item, redact));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, redacted(item, redact)]));
}
