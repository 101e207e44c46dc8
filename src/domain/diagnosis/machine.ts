import type { Facts } from './facts.ts';
import { type Finding, note, ok, problem, size, warning } from './finding.ts';

const oldestNode = [20, 19] as const;
const oldestGit = [2, 38] as const;

/** Skew below this is what writing a file and a busy machine explain, milliseconds. */
const skewOfAnyone = 2_000;

export function machineFindings({ machine, git, version }: Facts): Finding[] {
  return [
    isOlder(machine.node, oldestNode)
      ? problem('node.version', `Node ${machine.node} runs this, and loopyard needs 20.19 or newer.`, {
          why: 'It may fail anywhere.',
          todo: 'Install Node 20.19 or newer, and run loopyard init again, because clients start the Node they were told.',
        })
      : ok('node.version', `loopyard ${version} on Node ${machine.node}, ${machine.system}`),
    ...gitFindings(git),
    bubblewrapFinding(machine.bubblewrap),
    ...clockFindings(machine),
  ];
}

function gitFindings({ version, mergesWithoutTree, refFormat }: Facts['git']): Finding[] {
  if (version === undefined) {
    return [
      problem('git.version', 'There is no program "git" on PATH.', {
        why: 'Everything loopyard does rests on git.',
        todo: 'Install git 2.38 or newer. If it works in your terminal, the PATH of this process is another one.',
      }),
    ];
  }
  if (isOlder(version, oldestGit)) {
    return [
      problem('git.version', `git ${version} is too old: loopyard needs 2.38 or newer.`, {
        why: 'Older ones cannot merge without a working tree.',
        todo: 'Install git 2.38 or newer.',
      }),
    ];
  }
  return [
    ok('git.version', `git ${version}${refFormat === 'reftable' ? ', refs in a reftable' : ''}`),
    ...(mergesWithoutTree === false
      ? [
          problem('git.merge', 'git merge-tree --write-tree does not work.', {
            why: 'Landing a loop merges with it.',
            todo: 'Try it by hand: git merge-tree --write-tree HEAD HEAD says why.',
          }),
        ]
      : []),
  ];
}

function bubblewrapFinding(bubblewrap: Facts['machine']['bubblewrap']): Finding {
  const why =
    'Without it, a process of a worker that leaves its session, its parent and its environment at once may survive a stop.';
  switch (bubblewrap) {
    case 'works':
      return ok('bubblewrap', 'bubblewrap works: workers live in a pid namespace');
    case 'missing':
      return note('bubblewrap', 'bubblewrap is not installed.', {
        why,
        todo: 'Install it if you like: apt install bubblewrap, dnf install bubblewrap.',
      });
    case 'refused':
      return note('bubblewrap', 'bubblewrap is installed, and the system does not let it work.', {
        why,
        todo: 'Containers forbid it, and Ubuntu 24 needs an AppArmor profile for it: bwrap --dev-bind / / --unshare-pid true says why.',
      });
    case 'not for this system':
      return note('bubblewrap', 'There is no bubblewrap for this system.', { why });
  }
}

function clockFindings({ fileTimeSkewMs, clockJumpMs }: Facts['machine']): Finding[] {
  const skew = Math.round(Math.abs(fileTimeSkewMs ?? 0) / 1000);
  if (Math.abs(fileTimeSkewMs ?? 0) > skewOfAnyone) {
    return [
      warning('clock.files', `The file system's clock is ${skew} s off from this machine's.`, {
        why: 'What is old enough to be swept away is told by the times of files.',
        todo: 'Set both clocks, or keep the repository on a disk of this machine.',
      }),
    ];
  }
  if (Math.abs(clockJumpMs) > skewOfAnyone) {
    return [
      note('clock.jump', `The wall clock was moved by ${Math.round(clockJumpMs / 1000)} s just now.`, {
        why: 'Deadlines of loops are told by it.',
      }),
    ];
  }
  return [ok('clock', 'the clocks agree')];
}

export function diskFindings({ disk }: Facts): Finding[] {
  const used = disk.filter(({ bytes }) => bytes > 0);
  if (used.length === 0) return [];
  const parts = used.map(({ what, bytes, more }) => `${what} ${more ? 'over ' : ''}${size(bytes)}`);
  const all = used.reduce((sum, { bytes }) => sum + bytes, 0);
  return [
    all > 20e9
      ? note('disk.use', `loopyard uses ${size(all)} for this repository: ${parts.join(', ')}.`, {
          todo: 'loopyard prune shows what of ended loops can go.',
        })
      : ok('disk.use', `disk: ${size(all)} for this repository: ${parts.join(', ')}`),
  ];
}

function isOlder(version: string, [major, minor]: readonly [number, number]): boolean {
  const [, a, b] = /(\d+)\.(\d+)/.exec(version) ?? [];
  return Number(a) < major || (Number(a) === major && Number(b) < minor);
}
