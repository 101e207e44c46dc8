import { expect, test } from 'vitest';
import { startLoop } from '../../src/tools/catalog/start_loop.ts';
import { aToolWorld } from '../support/tool-world.ts';
import { aYard } from '../support/yard-builder.ts';

const plan = { goal: 'mend it', checks: ['true'], command: 'true' };
const empty = aYard().build();

test('auto says which tree it took', async () => {
  const world = await aToolWorld(empty);
  const first = await world.call(startLoop, { ...plan, isolation: 'auto' });
  expect(first.notes).toEqual([
    `It works in place, in ${world.repo.path}.`,
    'Whatever is uncommitted in the checkout becomes part of the candidate.',
  ]);
  const second = await world.call(startLoop, { ...plan, isolation: 'auto' });
  expect(second.notes).toEqual(['The checkout is held, so it gets a worktree; tree in status says which.']);
});

test('a summary is one plain line that holds no half of a character', async () => {
  const world = await aToolWorld(empty);
  const summaryOf = async (goal: string) => {
    const { loop } = await world.call(startLoop, { ...plan, goal, force: true, id: `l${goal.length}` });
    return (await world.rt.store.read()).loops[String(loop)]?.summary ?? '';
  };
  expect(await summaryOf('\u202emend\u001b[31m\tit\nat once')).toBe('mend it');
  expect(await summaryOf(`${'x'.repeat(118)}\u{1f600}\u{1f600}`)).toBe(`${'x'.repeat(118)}…`);
  expect(await summaryOf('half \ud800')).toBe('half \ufffd');
  expect(await summaryOf('\u0007')).toBe('untitled');
});

test('a symbolic branch stands for the real one, which is what is stored', async () => {
  const world = await aToolWorld(empty);
  await world.repo.git('symbolic-ref', 'refs/heads/alias', 'refs/heads/main');
  await world.repo.git('update-ref', 'refs/tags/v1', 'main');
  await world.repo.git('symbolic-ref', 'refs/heads/elsewhere', 'refs/tags/v1');
  await world.repo.git('symbolic-ref', 'refs/heads/nowhere', 'refs/heads/missing');
  expect(await world.call(startLoop, { ...plan, target: 'alias' })).toMatchObject({ target: 'main' });
  const refused = (target: string, code: string) =>
    expect(world.call(startLoop, { ...plan, target })).rejects.toMatchObject({ code });
  await refused('elsewhere', 'INVALID_ARGUMENT');
  await refused('nowhere', 'UNKNOWN_COMMIT');
  await refused('a..b', 'INVALID_ARGUMENT');
});
