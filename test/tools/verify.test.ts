import { expect, test } from 'vitest';
import { type Evidence, writeEvidence } from '../../src/core/verification/evidence.ts';
import { jsonBytes } from '../../src/domain/text.ts';
import { toResult } from '../../src/edges/mcp/answer.ts';
import { verify } from '../../src/tools/catalog/verify.ts';
import { aToolWorld } from '../support/tool-world.ts';
import { aPlan, aRunEnd, aYard } from '../support/yard-builder.ts';

const commit = 'c'.repeat(40);

function evidence(id: string, change: Partial<Evidence> = {}): Evidence {
  const plain = { id, kind: 'commit' as const, commit, tree: 'd'.repeat(40), isolation: 'evident' as const };
  return { ...plain, verdict: 'passed', checks: [], notRun: [], at: 0, ...change };
}

function failing(count: number, tail: string) {
  return Array.from({ length: count }, (_, at) => ({
    name: `${'n'.repeat(190)} ${at}`,
    argv: ['x'],
    passed: false,
    end: { ...aRunEnd, exitCode: 1 },
    run: `verification-${'v'.repeat(20)}-${at + 1}`,
    tail,
  }));
}

test.each(['x', 'line of output\n', '\u65e5'])('twenty failing checks fit into 8 KB: %j', async (filler) => {
  const id = `verification-${'v'.repeat(20)}`;
  const world = await aToolWorld(aYard().build());
  const tail = filler.repeat(6_000).slice(0, 6_000);
  await writeEvidence(world.rt, evidence(id, { verdict: 'failed', checks: failing(20, tail) }));
  const answer = await world.call(verify, { verification: id, wait_s: 0 });
  if (filler !== '\u65e5') expect(jsonBytes(answer)).toBeLessThanOrEqual(8_192);
  const { structuredContent } = toResult(answer);
  expect(jsonBytes(structuredContent)).toBeLessThanOrEqual(8_192);
  expect(structuredContent).toMatchObject({ verification: id, verdict: 'failed' });
  expect((structuredContent as { checks: unknown[] }).checks).toHaveLength(20);
});

test('one failing check is shown with more of its output than one of many', async () => {
  const id = 'verification-1';
  const world = await aToolWorld(aYard().build());
  await writeEvidence(world.rt, evidence(id, { verdict: 'failed', checks: failing(1, 'x'.repeat(6_000)) }));
  const { checks } = (await world.call(verify, { verification: id })) as { checks: { tail: string }[] };
  expect(checks[0]?.tail.length).toBeGreaterThan(1_400);
});

test('the yard decides how a verification ended, whatever a file says', async () => {
  const verification = { id: 'v-1', kind: 'commit' as const, commit, checks: aPlan.checks, failFast: false };
  const yard = aYard()
    .record({ type: 'verification.requested', verification })
    .record({ type: 'verification.cancelled', id: 'v-1', reason: 'nobody wants it' })
    .record({ type: 'verification.requested', verification: { ...verification, id: 'v-2' } })
    .record({ type: 'verification.started', id: 'v-2' })
    .record({
      type: 'verification.failed',
      id: 'v-2',
      results: [{ name: 'npm test', run: 'v-2-1', end: { ...aRunEnd, exitCode: 1 } }],
      isolation: 'evident',
    })
    .build();
  const world = await aToolWorld(yard);
  for (const id of ['v-1', 'v-2']) await writeEvidence(world.rt, evidence(id));
  expect(await world.call(verify, { verification: 'v-1' })).toMatchObject({
    verdict: 'inconclusive',
    reason: 'nobody wants it',
    next: 'It was cancelled.',
  });
  expect(await world.call(verify, { verification: 'v-2' })).toMatchObject({
    verdict: 'failed',
    checks: [{ name: 'npm test', result: 'exit 1', log: 'v-2-1' }],
  });
});

test.each(['constructor', '__proto__', 'toString', '../journal', 'con'])(
  'there is no verification %j',
  async (verification) => {
    const world = await aToolWorld(aYard().build());
    await expect(world.call(verify, { verification })).rejects.toMatchObject({ code: 'UNKNOWN_ID' });
  },
);
