import { describe, expect, test } from 'vitest';
import { bundle } from '../../src/domain/diagnosis/bundle.ts';
import type { Facts, KeeperFacts, Leftover, YardFacts } from '../../src/domain/diagnosis/facts.ts';
import { size } from '../../src/domain/diagnosis/finding.ts';
import { findings } from '../../src/domain/diagnosis/finding-list.ts';
import { withoutPrivate } from '../../src/domain/diagnosis/privacy.ts';
import { settle } from '../../src/domain/settings/settings.ts';

const now = 10 * 3_600_000;
const keeper: KeeperFacts = { pid: 7, liveness: 'alive', frozen: false, program: 'same' };
const yard: YardFacts = { liveLoops: 1, workWaits: true, keeper, leases: [], leftovers: [] };
const settings = {
  ...settle([], false),
  problems: [],
  userFile: '/home/ada/.config/loopyard/config.json',
  projectFile: '/r/loopyard.json',
  project: undefined,
};
const healthy: Facts = {
  version: '1.0.0',
  machine: { node: '20.19.0', system: 'Linux', bubblewrap: 'works', fileTimeSkewMs: -4, clockJumpMs: 0 },
  git: { version: '2.38.0', mergesWithoutTree: true, refFormat: 'files' },
  repository: '/r',
  state: {
    directory: '/r/.git/loopyard',
    exists: true,
    fileSystem: 'ext4',
    freeBytes: 9e9,
    quarantined: 0,
    journal: { seq: 5, bytes: 2_000, oldGenerations: 0 },
  },
  yard,
  backends: [{ id: 'claude', title: 'Claude Code', program: '/bin/claude', version: '2.1' }],
  clients: { entries: [], without: [] },
  settings,
  strangeVariables: [],
  disk: [],
  blind: [],
};

const told = (facts: Partial<Facts>) =>
  findings({ ...healthy, ...facts }, now)
    .filter(({ level }) => level !== 'ok')
    .map(({ id, level }) => `${level} ${id}`);
const ofYard = (more: Partial<YardFacts>) => told({ yard: { ...yard, ...more } });
const left = (kind: Leftover['kind']) => ofYard({ leftovers: [{ kind, name: '/x' }] });
const lease = { resource: 'checkout/1', holder: 'loop a', purpose: 'x', since: 0 } as const;

test('a healthy yard has nothing but good findings', () => {
  expect(told({})).toEqual([]);
});

test.each<[string, readonly string[], readonly string[]]>([
  ['an old Node', told({ machine: { ...healthy.machine, node: '18.20.1' } }), ['problem node.version']],
  [
    'a Node a little too old',
    told({ machine: { ...healthy.machine, node: '20.18.9' } }),
    ['problem node.version'],
  ],
  ['no git', told({ git: { ...healthy.git, version: undefined } }), ['problem git.version']],
  ['an old git', told({ git: { ...healthy.git, version: '2.37.7' } }), ['problem git.version']],
  [
    'a git that cannot merge alone',
    told({ git: { ...healthy.git, mergesWithoutTree: false } }),
    ['problem git.merge'],
  ],
  ['no bubblewrap', told({ machine: { ...healthy.machine, bubblewrap: 'missing' } }), ['note bubblewrap']],
  [
    'a forbidden bubblewrap',
    told({ machine: { ...healthy.machine, bubblewrap: 'refused' } }),
    ['note bubblewrap'],
  ],
  [
    'files of another time',
    told({ machine: { ...healthy.machine, fileTimeSkewMs: -60_000 } }),
    ['warning clock.files'],
  ],
  ['a clock that is set', told({ machine: { ...healthy.machine, clockJumpMs: 5_000 } }), ['note clock.jump']],
  ['a full disk', told({ state: { ...stateOf(), freeBytes: 1e6 } }), ['warning state.space']],
  [
    'refs that will go',
    ofYard({
      kept: { things: 9, bytes: 1e6, leaving: [{ ref: 'refs/x', on: now }], days: 30, mostBytes: 2e9 },
    }),
    ['note kept.refs'],
  ],
  ['pieces in quarantine', told({ state: { ...stateOf(), quarantined: 2 } }), ['note state.quarantine']],
  [
    'a journal that cannot be read',
    told({
      yard: undefined,
      state: { ...stateOf(), problem: { code: 'STATE_CORRUPT', message: 'It is.', hint: 'Do.' } },
    }),
    ['problem state'],
  ],
  ['no yard yet', told({ yard: undefined, state: { ...stateOf(), exists: false } }), []],
  ['no keeper and no work', ofYard({ keeper: undefined, workWaits: false }), []],
  ['no keeper while work waits', ofYard({ keeper: undefined }), ['problem keeper']],
  ['a dead keeper while work waits', ofYard({ keeper: { ...keeper, liveness: 'dead' } }), ['problem keeper']],
  ['a dead keeper without work', ofYard({ keeper: { ...keeper, liveness: 'dead' }, workWaits: false }), []],
  ['a frozen keeper', ofYard({ keeper: { ...keeper, frozen: true } }), ['problem keeper']],
  ['a keeper elsewhere', ofYard({ keeper: { ...keeper, liveness: 'unknown' } }), ['warning keeper']],
  ['a keeper of another copy', ofYard({ keeper: { ...keeper, program: 'other' } }), ['warning keeper']],
  ['a keeper of an older build', ofYard({ keeper: { ...keeper, program: 'replaced' } }), ['warning keeper']],
  ['a lease of the dead', ofYard({ leases: [{ ...lease, liveness: 'dead' }] }), ['note lease.checkout/1']],
  ['a lease of the living', ofYard({ leases: [{ ...lease, liveness: 'alive' }] }), []],
  ['a worktree of no loop', left('worktree'), ['note leftover.worktree']],
  ['a record of a worktree that is gone', left('missing_worktree'), ['note leftover.missing_worktree']],
  ['a folder of no loop', left('loop_folder'), ['note leftover.loop_folder']],
  ['a room of no verification', left('room'), ['note leftover.room']],
  ['a branch of no loop', left('branch'), ['note leftover.branch']],
  ['trash', left('trash'), ['note leftover.trash']],
  ['a place of a repository that is gone', left('foreign_place'), ['note leftover.foreign_place']],
  [
    'no backend',
    told({ backends: [{ id: 'claude', title: 'C', program: undefined, version: undefined }] }),
    ['warning backends'],
  ],
  [
    'nobody logged in',
    told({ backends: [{ id: 'claude', title: 'C', program: '/c', version: '1', login: 'missing' }] }),
    ['warning backend.claude'],
  ],
  [
    'a client whose server does not start',
    told({
      clients: {
        without: [],
        entries: [
          { platforms: ['codex'], command: 'x', tools: undefined, ms: undefined, because: 'It ended.' },
        ],
      },
    }),
    ['problem client.codex'],
  ],
  ['clients without us', told({ clients: { without: ['Zed'], entries: [] } }), ['note clients.without']],
  [
    'a wrong setting',
    told({ settings: { ...settings, problems: [{ source: 'user', sentence: 'x:1:1: y.' }] } }),
    ['problem settings.user.1'],
  ],
  [
    'a variable nobody reads',
    told({ strangeVariables: [{ name: 'LOOPYARD_MAX_LOOP', nearest: 'LOOPYARD_MAX_LOOPS' }] }),
    ['note settings.LOOPYARD_MAX_LOOP'],
  ],
  [
    'a full room of logs',
    told({ disk: [{ what: 'worktrees', path: '/x', bytes: 30e9, more: true }] }),
    ['note disk.use'],
  ],
  [
    'what could not be looked at',
    told({ blind: [{ what: 'the yard', because: 'x' }] }),
    ['note blind.the_yard'],
  ],
])('%s', (_, found, expected) => {
  expect(found).toEqual(expected);
});

test('whatever is wrong has a reason and something to do, and what is mended by itself costs no work', () => {
  const kinds = [
    'worktree',
    'missing_worktree',
    'loop_folder',
    'room',
    'branch',
    'trash',
    'foreign_place',
  ] as const;
  const leftovers = kinds.map((kind) => ({ kind, name: "/it's here" }));
  const found = findings({ ...healthy, yard: { ...yard, keeper: undefined, leftovers } }, now);
  for (const { level, why, todo } of found) if (level !== 'ok') expect(why && todo).toBeTruthy();
  expect(found.flatMap(({ fix }) => (fix ? [fix.do] : []))).toEqual([
    'wake_keeper',
    'forget_worktree',
    'remove_room',
    'sweep',
  ]);
  expect(found.find(({ id }) => id === 'leftover.worktree')?.todo).toContain(`'/it'\\''s here'`);
});

describe('a bundle', () => {
  const secret = 'sk-live-0123456789abcdef';
  const private_ = { home: '/home/ada', user: 'ada', host: 'babbage', repository: '/home/ada/engine' };
  const redact = withoutPrivate({ ...private_, env: { MY_TOKEN: 'hunter2hunter2', PATH: '/usr/bin' } });

  test('holds no value, no name anybody gave, and no secret, wherever it stood', () => {
    const facts: Facts = {
      ...healthy,
      yard: {
        ...yard,
        leases: [{ ...lease, holder: 'loop steal-the-plans', purpose: 'steal the plans', liveness: 'dead' }],
        leftovers: [{ kind: 'branch', name: 'loopyard/steal-the-plans' }],
        kept: {
          things: 1,
          bytes: 1,
          leaving: [{ ref: 'refs/loopyard/candidates/steal-the-plans/1', on: now }],
          days: 30,
          mostBytes: 1,
        },
      },
      clients: {
        without: [],
        entries: [
          { platforms: ['codex'], command: `node ${secret}`, tools: 1, ms: 1, because: `no ${secret}` },
        ],
      },
      settings: {
        ...settings,
        ...settle([{ source: 'project', values: { checks: { plan: `x ${secret}` } } }], false),
        problems: [{ source: 'user', sentence: `there is no "${secret}"` }],
      },
      blind: [{ what: 'the yard', because: `/home/ada/engine of ada on babbage: hunter2hunter2` }],
    };
    const line = { time: 't', level: 50, process: 'keeper', message: `failed with ${secret}` };
    const text = JSON.stringify(bundle(facts, { events: { x: 1 }, log: [line] }, now, redact));
    for (const word of [secret, 'steal', 'hunter2', '/home/ada', 'babbage', '"plan"'])
      expect(text).not.toContain(word);
    expect(text).toContain('<repository>');
    expect(JSON.parse(text)).toMatchObject({ about: { loopyard: '1.0.0' }, events: { x: 1 } });
  });

  test.each([
    ['https://ada:secret@example.com/x', 'https://[redacted]@example.com/x'],
    ['token ghp_0123456789abcdefghij', 'token [redacted]'],
    ['eyJhbGciOiJI.eyJzdWIiOiIx.abc', '[redacted]'],
    ['-----BEGIN RSA PRIVATE KEY-----\nabc', '[redacted]'],
    ['at 0123456789012345678901234567890123456789', 'at [redacted]'],
    ['/home/ada/other and adamant', '~/other and adamant'],
    ['nothing to hide', 'nothing to hide'],
  ])('%s becomes %s', (text, expected) => {
    expect(redact(text)).toBe(expected);
  });

  test('is made in no time from hostile text', () => {
    const from = performance.now();
    for (const piece of ['a', '-----BEGIN PRIVATE KEY-----', 'eyJ.', '://', 'sk-'])
      redact(piece.repeat(200_000));
    expect(performance.now() - from).toBeLessThan(2_000);
  });
});

test('sizes are for people', () => {
  expect([0, 999, 1_500, 2e9, 1.5e14].map(size)).toEqual(['0 B', '999 B', '1.5 kB', '2.0 GB', '150 TB']);
});

function stateOf() {
  if (!healthy.state) throw new Error('a healthy yard has state');
  return healthy.state;
}
