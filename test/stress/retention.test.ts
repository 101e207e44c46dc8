import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { aProject, end, type ScratchProject } from '../support/scratch-project.ts';
import { pause } from './nemesis.ts';

const seconds = Number(process.env.LOOPYARD_STRESS === 'long' ? 300 : 40);
const commits = 4;

/**
 * Verifications of a few commits, again and again, in a yard that keeps nothing longer than it must, while people prune
 * it and keepers and prunes are killed at random. Half of the commits pass and half do not, so that a verdict taken from
 * something that was half removed shows.
 */
test(`verdicts are right while everything is pruned and killed for ${seconds} s`, {
  timeout: (seconds + 180) * 1_000,
}, async () => {
  const project = await aProject({
    env: {
      LOOPYARD_ARCHIVE_AFTER_MINUTES: '0',
      LOOPYARD_KEEP_DAYS: '0',
      LOOPYARD_KEEP_GB: '0',
      LOOPYARD_MAX_VERIFICATIONS: '3',
    },
  });
  const heads: string[] = [];
  for (let index = 0; index < commits; index += 1)
    heads.push(await project.commit({ 'verdict.mjs': `process.exit(${index % 2});\n` }));
  await project.git('update-ref', 'refs/loopyard/rescue/somebody', 'HEAD~1');
  const over = { yet: false };
  const seen = { passed: 0, failed: 0, reused: 0, prunes: 0, kills: 0 };
  const wrong: string[] = [];

  const verify = async (index: number, ...args: string[]) => {
    const ran = await project.cli([
      'verify',
      heads[index] ?? '',
      '--check',
      'node verdict.mjs',
      '--json',
      ...args,
    ]);
    const answer = ran.code === 0 || ran.code === 1 ? JSON.parse(ran.stdout) : {};
    const expected = index % 2 === 0 ? 'passed' : 'failed';
    if (answer.verdict !== expected) wrong.push(`${expected}: ${ran.code} ${ran.stdout} ${ran.stderr}`);
    else seen[expected] += 1;
    if (answer.reused) seen.reused += 1;
  };
  const player = async (from: number) => {
    for (let index = from; !over.yet; index += 1) await verify(index % commits);
  };
  const pruner = async () => {
    while (!over.yet) {
      const ran = await project.cli(['prune', '--yes', '--json']);
      if (ran.code !== 0 && ran.code !== -1) wrong.push(`prune: ${ran.code} ${ran.stderr}`);
      seen.prunes += 1;
    }
  };
  const killer = async () => {
    while (!over.yet) {
      await pause(200 + Math.random() * 1_500);
      for (const { pid } of [...project.running(' prune '), ...project.keepers()]) {
        if (Math.random() < 0.5) continue;
        end(pid);
        seen.kills += 1;
      }
    }
  };
  const playing = [player(0), player(1), pruner(), killer()];
  await pause(seconds * 1_000);
  over.yet = true;
  await Promise.all(playing);

  for (let index = 0; index < commits; index += 1) {
    await verify(index);
    await verify(index, '--fresh');
  }
  console.log(`stress: ${JSON.stringify(seen)}`);
  expect(wrong).toEqual([]);
  expect(halves(project)).toEqual([]);
  expect(await project.git('rev-parse', 'refs/loopyard/rescue/somebody')).toBe(heads.at(-2));
  expect(seen.kills).toBeGreaterThan(0);
});

/** Runs that ended, and evidence, are there whole or not at all. */
function halves({ state }: ScratchProject): readonly string[] {
  const has = (run: string, file: string) => existsSync(path.join(state, 'runs', run, file));
  const runs = readdirSync(path.join(state, 'runs')).filter((name) => has(name, 'status.json'));
  const evidence = readdirSync(path.join(state, 'evidence')).filter((name) => name.endsWith('.json'));
  return [
    ...runs.filter((name) => !name.startsWith('.') && !has(name, 'spec.json')),
    ...evidence.filter((name) => !isWhole(path.join(state, 'evidence', name))),
  ];
}

function isWhole(file: string): boolean {
  try {
    return typeof JSON.parse(readFileSync(file, 'utf8')).verdict === 'string';
  } catch {
    return false;
  }
}
