import { shellWord } from '../text.ts';
import type { Facts, KeeperFacts, LeaseFacts, Leftover, StateFacts, YardFacts } from './facts.ts';
import { type Finding, note, ok, problem, size, warning } from './finding.ts';

/** Below this a loop may not find room for one more candidate. */
const littleSpace = 500e6;

export function stateFindings({ state }: Facts): Finding[] {
  if (!state) return [];
  const { directory, problem: trouble, freeBytes, quarantined } = state;
  return [
    ...(trouble
      ? [
          problem('state', trouble.message, {
            why: 'No tool and no keeper can work in this repository while this lasts.',
            todo: trouble.hint,
          }),
        ]
      : [stateFinding(state)]),
    ...(freeBytes !== undefined && freeBytes < littleSpace
      ? [
          warning('state.space', `Only ${size(freeBytes)} are free where ${directory} lies.`, {
            why: 'On a full disk running loops end as well as they can, and no new one is opened.',
            todo: 'Free some space; loopyard prune shows what of ended loops can go.',
          }),
        ]
      : []),
    ...(quarantined > 0
      ? [
          note(
            'state.quarantine',
            `${quarantined} damaged pieces of the journal are kept in ${directory}/quarantine.`,
            {
              why: 'They are evidence of damage, now or earlier, and loopyard never deletes them.',
              todo: 'If the yard works, they are history, and you may remove them.',
            },
          ),
        ]
      : []),
  ];
}

function stateFinding({ directory, exists, fileSystem, freeBytes, journal }: StateFacts): Finding {
  const ground = [fileSystem, freeBytes === undefined ? undefined : `${size(freeBytes)} free`]
    .filter((part) => part !== undefined)
    .join(', ');
  if (!exists) return ok('state', `no yard here yet; the first loop makes one in ${directory} (${ground})`);
  const old = journal && journal.oldGenerations > 0 ? `, ${journal.oldGenerations} older generations` : '';
  const told = journal ? `journal at ${journal.seq}, ${size(journal.bytes)}${old}` : 'no journal yet';
  return ok('state', `${directory}: ${told} (${ground})`);
}

export function yardFindings({ yard }: Facts, now: number): Finding[] {
  if (!yard) return [];
  return [
    keeperFinding(yard.keeper, yard.workWaits),
    ...leaseFindings(yard.leases, now),
    ...(yard.rebuiltRooms
      ? [
          note('rooms', `${yard.rebuiltRooms.count} rooms were not as they were left, and were made anew.`, {
            why: `Something else writes into them, or a disk forgets. The last one: ${yard.rebuiltRooms.why}`,
            todo: 'No verdict rests on them. If it goes on, look for backup, search or sync programs below the place.',
          }),
        ]
      : []),
    ...keptFindings(yard.kept, now),
    ...yard.leftovers.map(leftoverFinding),
  ];
}

function keptFindings(kept: YardFacts['kept'], now: number): Finding[] {
  if (!kept) return [];
  const { things, bytes, removed, leaving, days, mostBytes } = kept;
  const ago = removed && Math.round((now - removed.at) / 3_600_000);
  const last = removed ? `; ${removed.things} things (${size(removed.bytes)}) went ${ago} h ago` : '';
  const [first] = leaving.toSorted((a, b) => a.on - b.on);
  return [
    ok(
      'kept',
      `kept of what ended: ${things} things, ${size(bytes)} of at most ${size(mostBytes)}, output for ${days} days${last}`,
    ),
    ...(first
      ? [
          note(
            'kept.refs',
            `${leaving.length} refs of ended loops go by themselves, ${first.ref} on ${new Date(first.on).toISOString().slice(0, 10)}.`,
            {
              why: 'They keep candidates that no branch has, and are older than keep_refs_days allows.',
              todo: 'loopyard prune names them all; git branch <name> <ref> keeps the work of one.',
            },
          ),
        ]
      : []),
  ];
}

function keeperFinding(keeper: KeeperFacts | undefined, workWaits: boolean): Finding {
  if (!keeper || keeper.liveness === 'dead') {
    const gone = keeper ? `The keeper (process ${keeper.pid}) is dead` : 'No keeper is at work';
    if (!workWaits)
      return ok(
        'keeper',
        keeper
          ? 'no keeper, and nothing to do for one; the last one is dead'
          : 'no keeper, and nothing to do for one',
      );
    return problem('keeper', `${gone}, and work waits.`, {
      why: 'Nothing goes on until one starts: workers are not watched, nothing is verified or landed.',
      todo: 'loopyard status starts one, and so does doctor --fix; if none stays, loopyard keeper --log says why.',
      fix: { do: 'wake_keeper' },
    });
  }
  const who = `The keeper (process ${keeper.pid})`;
  if (keeper.liveness === 'unknown') {
    return warning(
      'keeper',
      `${who} belongs to another machine, container or user, and cannot be judged from here.`,
      {
        why: 'While it holds the yard, no keeper of this machine takes over, alive or not.',
        todo: 'Look there. If that machine is gone for good: loopyard takeover keeper.',
      },
    );
  }
  if (keeper.frozen) {
    return problem('keeper', `${who} is stopped, by a signal or a debugger.`, {
      why: 'It holds the yard and does nothing; it is alive, so nobody takes over.',
      todo: `kill -CONT ${keeper.pid} lets it go on; kill ${keeper.pid} ends it, and the next command starts another.`,
    });
  }
  if (keeper.program === 'other' || keeper.program === 'replaced') {
    const how =
      keeper.program === 'other'
        ? 'runs another copy of loopyard than this one'
        : 'runs a loopyard that was replaced on disk since';
    return warning('keeper', `${who} ${how}.`, {
      why: 'It may lack what this version can do, and parts of it that it has not loaded yet are gone.',
      todo: `kill ${keeper.pid} ends it after its present step; the next command starts one of this version. Workers go on.`,
    });
  }
  return ok('keeper', `keeper: process ${keeper.pid}, at work`);
}

function leaseFindings(leases: readonly LeaseFacts[], now: number): Finding[] {
  const dead = leases.filter(({ liveness, resource }) => liveness === 'dead' && resource !== 'keeper');
  const held = leases.filter(({ liveness }) => liveness !== 'dead');
  const hours = (since: number) => `${Math.round((now - since) / 3_600_000)} h`;
  return [
    ...dead.map(({ resource, holder }) =>
      note(`lease.${resource}`, `${resource} is held by ${holder}, which is dead.`, {
        why: 'It is not lost: whoever wants it next takes it.',
        todo: `Nothing; or loopyard takeover ${resource}.`,
      }),
    ),
    ...(held.length > 0
      ? [
          ok(
            'leases',
            `leases: ${held.map(({ resource, holder, since }) => `${resource} by ${holder} for ${hours(since)}`).join('; ')}`,
          ),
        ]
      : []),
  ];
}

function leftoverFinding({ kind, name, count = 1 }: Leftover): Finding {
  const id = `leftover.${kind}`;
  switch (kind) {
    case 'worktree':
      return note(id, `The worktree ${name} belongs to no loop.`, {
        why: 'It takes space, and it may hold work that is nowhere else.',
        todo: `Look into it; then git worktree remove ${shellWord(name)} (git refuses while something is uncommitted).`,
      });
    case 'missing_worktree':
      return note(id, `git has a record of the worktree ${name}, which is gone and belongs to no loop.`, {
        why: 'Its branch cannot be checked out elsewhere.',
        todo: `loopyard doctor --fix removes the record; by hand: git worktree remove ${shellWord(name)}.`,
        fix: { do: 'forget_worktree', path: name },
      });
    case 'loop_folder':
      return note(id, `${name} belongs to no loop.`, {
        why: 'It takes space; notes and files of a loop may be in it.',
        todo: `Look into it; then rm -r ${shellWord(name)}.`,
      });
    case 'room':
      return note(id, `The room ${name} belongs to no verification.`, {
        why: 'It takes space; there is nothing of anybody in it.',
        todo: 'loopyard doctor --fix removes it.',
        fix: { do: 'remove_room', name },
      });
    case 'branch':
      return note(id, `The branch ${name} belongs to no loop.`, {
        why: 'loopyard deletes no branch that may hold work.',
        todo: `git log ${shellWord(name)} shows what is on it; git branch -D ${shellWord(name)} removes it.`,
      });
    case 'trash':
      return note(id, `${count} drafts and trash of processes that were killed lie around.`, {
        why: 'They only take space.',
        todo: 'The next keeper sweeps what is older than an hour, and so does loopyard doctor --fix.',
        fix: { do: 'sweep' },
      });
    case 'foreign_place':
      return note(id, `${name} belongs to a repository that is gone.`, {
        why: 'It takes space; its worktrees cannot be used as git checkouts any more, but their files are there.',
        todo: `Look into it; then rm -r ${shellWord(name)}.`,
      });
  }
}
