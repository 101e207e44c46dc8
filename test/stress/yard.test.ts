import { rmSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import { aSession } from '../support/mcp-client.ts';
import { aProject, script } from '../support/scratch-project.ts';
import { pause } from './nemesis.ts';
import { judgeYard } from './yard-judge.ts';
import { attack, type Blows } from './yard-nemesis.ts';
import { watchOwners } from './yard-owners.ts';
import { Player, type Witnessed } from './yard-player.ts';

const seconds = Number(
  process.env.LOOPYARD_YARD_SECONDS ?? (process.env.LOOPYARD_STRESS === 'long' ? 600 : 60),
);
const players = 4;

/**
 * The built program under fire. Four sessions open, steer, stop, merge and verify in one repository while servers,
 * keepers, shims and workers are killed and frozen at random. What was acknowledged is written down by the players, who
 * owns a working tree is read from the process table, and both are held against the journal and git, which are read
 * without any of the product's code.
 */
test(`${players} sessions under fire for ${seconds} s`, { timeout: (seconds + 240) * 1_000 }, async () => {
  const project = await aProject({
    env: {
      LOOPYARD_MAX_LOOPS: '8',
      LOOPYARD_MAX_VERIFICATIONS: '3',
      LOOPYARD_STOP_GRACE_SECONDS: '1',
      LOOPYARD_KEEPER_IDLE_SECONDS: '2',
    },
  });
  await project.commit({
    'all-final.mjs': `import { readdirSync, readFileSync } from 'node:fs';
const drafts = readdirSync('.').filter((n) => n.endsWith('.loop') && readFileSync(n, 'utf8') !== 'final');
if (drafts.length > 0) { console.error('drafts: ' + drafts.join()); process.exit(1); }
`,
  });
  const side = project.file('side');
  await project.git('worktree', 'add', '--quiet', '--detach', side);
  const witnessed: Witnessed = {
    opened: new Map(),
    told: [],
    stopped: [],
    verdicts: [],
    refused: 0,
    broken: 0,
  };
  const over = { yet: false };
  const owners = watchOwners(project);
  const blows: Blows = { server: 0, keeper: 0, shim: 0, worker: 0, freeze: 0 };
  const nemesis = attack(project, over, blows);
  const playing = Array.from({ length: players }, (_, index) =>
    new Player({ project, side, index, over, witnessed, command: script('one-of-many') }).play(),
  );
  await pause(seconds * 1_000);
  over.yet = true;
  await Promise.all([nemesis, ...playing]);

  const session = await aSession(project);
  const calm = Date.now() + 120_000;
  for (;;) {
    const answer = await session.call('status');
    if (answer.error) throw new Error(`status does not answer: ${JSON.stringify(answer)}`);
    const { loops = [] } = answer;
    const busy = (loops as { id: string; state: string; hold?: string; doing: string }[]).filter(
      ({ state, hold, doing }) =>
        !['landed', 'cancelled', 'closed'].includes(state) && !hold && !doing.startsWith('waits for'),
    );
    if (busy.length === 0) break;
    if (Date.now() > calm) throw new Error(`Not at rest: ${JSON.stringify(busy, null, 1)}`);
    await pause(500);
  }
  const ended = await session.call('shutdown', { all: true, now: true, wait_s: 50 });
  if (ended.error) throw new Error(`shutdown does not answer: ${JSON.stringify(ended)}`);
  // An empty list is left out of an answer.
  const { stopped = [] } = ended;
  expect((stopped as { state: string }[]).filter(({ state }) => state !== 'cancelled')).toEqual([]);
  await session.close();
  const doubled = await owners.end();
  await expect.poll(() => project.processes(), { timeout: 60_000 }).toEqual([]);

  const verdict = await judgeYard(project, witnessed);
  console.log(
    `${seconds} s, ${players} sessions; blows: ${JSON.stringify(blows)}\n` +
      `acknowledged: ${witnessed.opened.size} opened, ${witnessed.told.length} messages, ${witnessed.stopped.length} stops, ` +
      `${witnessed.verdicts.length} verdicts; ${witnessed.refused} refused, ${witnessed.broken} calls cut off\n` +
      `journal: ${verdict.records} records, ${verdict.landed} landed, ${verdict.keepers} keepers; ` +
      `lost ${verdict.lost.length}, doubled ${verdict.doubled.length}, double owners ${doubled.length}, ` +
      `landings out of line ${verdict.crooked.length}`,
  );
  expect(doubled).toEqual([]);
  expect(verdict).toMatchObject({ lost: [], doubled: [], crooked: [], owners: [], missing: [] });
  expect(verdict.landed).toBeGreaterThan(0);
  expect((await project.git('worktree', 'list')).split('\n')).toHaveLength(2);
  expect(await project.git('status', '--porcelain')).toBe('');
  const locks = (await readdir(path.join(project.path, '.git'), { recursive: true })).filter((name) =>
    /(^|\/)refs\/.*\.lock$|(^|\/)index\.lock$/.test(name),
  );
  expect(locks).toEqual([]);
  rmSync(side, { recursive: true, force: true });
});
