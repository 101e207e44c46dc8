import { existsSync, lstatSync } from 'node:fs';
import path from 'node:path';
import { systemClock } from './adapters/clock.ts';
import { placeOf } from './adapters/config/place.ts';
import { historyOf } from './adapters/diagnosis/history.ts';
import { isNeeded, leftoversOf } from './adapters/diagnosis/leftovers.ts';
import { keeperFacts, stateFacts } from './adapters/diagnosis/state.ts';
import { openFiles } from './adapters/files.ts';
import { openGate } from './adapters/gate/gate.ts';
import { openGit } from './adapters/git/git.ts';
import { liveness, selfIdentity } from './adapters/identity.ts';
import { openJournalStore } from './adapters/journal/journal-store.ts';
import { sweep } from './adapters/sweep.ts';
import { removeTree } from './adapters/take-away.ts';
import { keeperResource } from './core/keeper-presence.ts';
import { holderLiveness } from './core/leases.ts';
import { lastLook } from './core/retention/retention.ts';
import { readRebuilt } from './core/rooms/room-pool.ts';
import type { History } from './domain/diagnosis/bundle.ts';
import type { Leftover, StateFacts, YardFacts } from './domain/diagnosis/facts.ts';
import type { Fix } from './domain/diagnosis/finding.ts';
import { describeHolder, type Holder, type Identity } from './domain/lease.ts';
import { isIdle } from './domain/next.ts';
import { noticeMs } from './domain/retention.ts';
import type { Config } from './domain/settings/config.ts';
import { liveLoops, type Yard } from './domain/yard.ts';
import type { Front } from './edges/front.ts';
import { selfCommand } from './open-yard.ts';

/** What doctor asks one repository. Each question stands alone: a damaged journal still has leftovers beside it. */
export interface YardToLookAt {
  /** The yard is there when its journal can be read. */
  state(): Promise<{ facts: StateFacts; yard: Yard | undefined }>;
  facts(yard: Yard): Promise<Omit<YardFacts, 'leftovers'>>;
  leftovers(yard: Yard): Promise<readonly Leftover[]>;
  /** Does what cannot cost anybody's work, after a second look. */
  mend(fix: Exclude<Fix, { do: 'wake_keeper' }>): Promise<string>;
  history(): Promise<History>;
  /** What takes space, as far as it is there. */
  readonly places: readonly { readonly what: string; readonly path: string }[];
  /** A folder of ours, if there is one. */
  readonly writable: string | undefined;
}

export function yardToLookAt(commonDir: string, config: Config, env: Front['env']): YardToLookAt {
  const home = path.join(commonDir, 'loopyard');
  const place = placeOf(commonDir, config.place, env);
  const self = selfIdentity();
  const judge = { liveness: (other: Identity) => liveness(self, other) };
  const quiet = { clock: systemClock, log: () => undefined };
  const gate = openGate({ directory: path.join(home, 'gate'), self, ...judge, ...quiet });
  const git = openGit({ commonDir, home, gate, log: quiet.log, env: { ...env } });
  const open = () => openJournalStore({ directory: home, chance: Math.random, ...quiet });
  const state = async () => {
    const { facts, store, yard } = await stateFacts(home, open);
    await store?.close().catch(() => undefined);
    return { facts, yard };
  };
  return {
    state,
    async facts(yard) {
      const judged = (holder: Holder) => holderLiveness(yard, holder, judge);
      const keeper = yard.leases[keeperResource]?.holder;
      const files = openFiles({ home, place });
      const rebuilt = await readRebuilt({ files });
      const look = await lastLook({ files });
      return {
        ...(look && {
          kept: {
            things: look.things,
            bytes: look.bytes,
            removed: look.removed,
            leaving: look.named.map(({ ref, since }) => ({ ref, on: since + noticeMs })),
            days: config.keep_days,
            mostBytes: config.keep_gb * 1e9,
          },
        }),
        ...(rebuilt && { rebuiltRooms: rebuilt }),
        liveLoops: liveLoops(yard).length,
        workWaits: !isIdle(yard, Date.now(), config.archive_after_minutes * 60_000),
        keeper: keeper && keeperFacts(keeper, judged(keeper), selfCommand().args),
        leases: Object.values(yard.leases).flatMap(({ resource, holder, purpose, since }) =>
          holder
            ? [{ resource, holder: describeHolder(holder), purpose, liveness: judged(holder), since }]
            : [],
        ),
      };
    },
    leftovers: (yard) => leftoversOf({ git, yard, home, place, now: Date.now() }),
    async mend(fix) {
      switch (fix.do) {
        case 'sweep':
          return `${(await sweep(home, commonDir, place, Date.now())).length} drafts and trash removed.`;
        case 'forget_worktree':
          if (existsSync(fix.path)) return `Not done: ${fix.path} is there again.`;
          await git.removeWorktree(fix.path);
          return `git's record of ${fix.path} removed.`;
        case 'remove_room': {
          const { yard } = await state();
          if (!yard || isNeeded(yard, fix.name)) return `Not done: the room ${fix.name} is needed.`;
          for (const root of [home, place]) await removeTree(path.join(root, 'rooms', fix.name));
          return `The room ${fix.name} removed.`;
        }
      }
    },
    history: () => historyOf(home, open),
    places: [
      ...below(place, {
        worktrees: 'loops',
        rooms: 'rooms',
        'rooms kept ready': 'pool',
        'prepared dependencies': 'dependencies',
      }),
      ...below(home, {
        'logs of workers and checks': 'runs',
        evidence: 'evidence',
        'known runs': 'known-runs',
        'records of loops': 'archive',
        'old parts of the journal': 'generations',
        'private mirror': 'mirror.git',
      }),
    ],
    writable: existsSync(home) ? home : undefined,
  };
}

function below(root: string, folders: Readonly<Record<string, string>>) {
  return Object.entries(folders)
    .map(([what, name]) => ({ what, path: path.join(root, name) }))
    .filter((one) => lstatSync(one.path, { throwIfNoEntry: false }) !== undefined);
}
