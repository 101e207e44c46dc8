import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { YardEvent } from '../../src/domain/events.ts';
import { isEnded, loopMachine } from '../../src/domain/loop.ts';
import type { Machine } from '../../src/domain/machine.ts';
import { mergeMachine } from '../../src/domain/merge.ts';
import { questionMachine } from '../../src/domain/question.ts';
import { verificationMachine } from '../../src/domain/verification/verification.ts';
import { workerMachine } from '../../src/domain/worker/worker.ts';
import { apply, emptyYard, liveLoops, Yard } from '../../src/domain/yard.ts';
import { sampleEvent } from '../support/sample-events.ts';
import { aYard, noon } from '../support/yard-builder.ts';

const tables = [
  ['loop', 'loops', loopMachine],
  ['worker', 'workers', workerMachine],
  ['verification', 'verifications', verificationMachine],
  ['merge', 'merges', mergeMachine],
  ['question', 'questions', questionMachine],
] as unknown as readonly (readonly [
  string,
  'loops' | 'workers' | 'verifications' | 'merges' | 'questions',
  Machine<string, string>,
])[];

const anyTime: readonly YardEvent['type'][] = [
  'loop.workspace_prepared',
  'loop.workspace_lost',
  'loop.baseline_requested',
  'loop.baseline_judged',
  'loop.iteration_wanted',
  'loop.infrastructure_failed',
  'loop.cancel_requested',
  'loop.held',
  'loop.released',
  'loop.updated',
  'loop.told',
  'loop.message_taken',
  'loop.tidied',
  'worker.stop_acknowledged',
  'worker.reported',
  'merge.built',
];
const beginnings: readonly YardEvent['type'][] = [
  'loop.opened',
  'worker.starting',
  'verification.requested',
  'merge.queued',
  'question.asked',
];
const free: readonly YardEvent['type'][] = [
  'lease.taken',
  'lease.released',
  'note.remembered',
  'note.forgotten',
  'request.answered',
];

/** Every event that the tables and what exists allow now. */
function legalEvents(yard: Yard, n: number): readonly YardEvent[] {
  const subjects = tables.flatMap(([noun, records, machine]) =>
    Object.values(yard[records]).flatMap(({ id, state }) => {
      const moves = Object.keys(machine.rows[state] ?? {}).map((move) => `${noun}.${move}`);
      const others = anyTime.filter((type) => type.startsWith(`${noun}.`));
      const archived =
        machine.isEnd(state) && /^(?:loop|verification)$/.test(noun) ? [`${noun}.archived`] : [];
      // Moves eight times: else hardly any random yard comes to an end.
      return [...Array(8).fill(moves).flat(), ...others, ...archived].map((type) =>
        sampleEvent(type as YardEvent['type'], id, n),
      );
    }),
  );
  const begun = beginnings.map((type, index) => sampleEvent(type, `${'lwvmq'[index]}${n % 2}`, n));
  return [...subjects, ...begun, ...free.map((type) => sampleEvent(type, `r${n % 3}`, n))];
}

const choices = fc.array(fc.tuple(fc.nat({ max: 10_000 }), fc.nat({ max: 40 })), {
  minLength: 60,
  maxLength: 160,
});

/** Walks through random legal events and shows every yard on the way, deeply frozen. */
function walk(
  steps: readonly [number, number][],
  look: (before: Yard, event: YardEvent, after: Yard) => void,
): Yard {
  let yard = frozen(emptyYard);
  steps.forEach(([choice, n], index) => {
    const events = legalEvents(yard, n);
    const event = events[choice % events.length];
    if (!event || isTaken(yard, event)) return;
    const after = frozen(apply(yard, frozen(event), noon + index));
    look(yard, event, after);
    yard = after;
  });
  return yard;
}

function isTaken(yard: Yard, event: YardEvent): boolean {
  const index = beginnings.indexOf(event.type);
  const records = tables[index]?.[1];
  const id = sampleId(event);
  return records !== undefined && Object.hasOwn(yard[records], id);
}

function sampleId(event: YardEvent): string {
  if (event.type === 'worker.starting') return event.worker.id;
  if (event.type === 'verification.requested') return event.verification.id;
  if (event.type === 'merge.queued') return event.entry.id;
  if (event.type === 'question.asked') return event.question.id;
  return 'id' in event ? event.id : '';
}

function frozen<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value;
  for (const part of Object.values(value)) frozen(part);
  return Object.freeze(value);
}

describe('any sequence of legal events', () => {
  test('is applied without a throw and without touching the yard before', () => {
    // A write to a frozen object throws in a module, so that walking through is the assertion.
    fc.assert(fc.property(choices, (steps) => void walk(steps, () => undefined)));
  });

  test('leaves what has ended in its end, and its epochs never fall', () => {
    fc.assert(
      fc.property(choices, (steps) => {
        walk(steps, (before, event, after) => {
          for (const [, records, machine] of tables)
            for (const [id, { state }] of Object.entries(before[records])) {
              const now = after[records][id];
              if (machine.isEnd(state) && now) expect(now.state).toBe(state);
              if (!now) expect(event.type).toMatch(/^(?:loop|verification)\.archived$/);
            }
          for (const [resource, { epoch }] of Object.entries(before.leases))
            expect(after.leases[resource]?.epoch).toBeGreaterThanOrEqual(epoch);
        });
      }),
    );
  });

  test('counts exactly the loops that were opened and how they ended', () => {
    let ended = 0;
    fc.assert(
      fc.property(choices, (steps) => {
        const count = { opened: 0, landed: 0, closed: 0, cancelled: 0 };
        const { totals } = walk(steps, (_, event) => {
          const name = /^loop\.(opened|landed|closed|cancelled)$/.exec(event.type)?.[1];
          if (name) count[name as keyof typeof count] += 1;
        });
        ended += totals.landed + totals.closed + totals.cancelled;
        expect(totals).toEqual(count);
      }),
    );
    expect(ended).toBeGreaterThan(10);
  });

  test('makes a yard that is read back as it was written', () => {
    fc.assert(
      fc.property(choices, (steps) => {
        const yard = walk(steps, () => undefined);
        expect(Yard.parse(JSON.parse(JSON.stringify(yard)))).toStrictEqual(yard);
      }),
    );
  });

  test('never spends less than nothing, and ends a loop with the time of its end', () => {
    fc.assert(
      fc.property(choices, (steps) => {
        const yard = walk(steps, () => undefined);
        for (const loop of Object.values(yard.loops)) {
          expect(loop.spent.iterations).toBeGreaterThanOrEqual(0);
          expect(loop.spent.infrastructureFailures).toBeGreaterThanOrEqual(0);
          expect(loop.endedAt !== undefined).toBe(isEnded(loop));
        }
      }),
    );
  });
});

describe('a yard', () => {
  test('gives the iteration of a lost worker back, counts the failure, and wants the next one', () => {
    const before = aYard().withLoop({ state: 'working', plan: { mode: 'guided' } });
    const lost = { type: 'loop.worker_lost', id: 'l', reason: 'network', usage: { inputTokens: 5 } } as const;
    expect(before.record(lost).build().loops.l).toMatchObject({
      state: 'ready',
      iteration: 1,
      wanted: true,
      trouble: 'network',
      spent: { iterations: 0, infrastructureFailures: 1, usage: { inputTokens: 5 } },
    });
  });

  test('lets a worker that is asked to stop be asked again, with less patience', () => {
    const ask = (id: string, graceMs: number): YardEvent => ({
      type: 'worker.stop_requested',
      id: 'l-w',
      request: { id, reason: 'enough', by: 'test', graceMs },
    });
    const { workers } = aYard()
      .withLoop({ state: 'working' })
      .record(ask('s1', 60_000), ask('s2', 0))
      .build();
    expect(workers['l-w']).toMatchObject({ state: 'stopping', stop: { id: 's2', graceMs: 0 } });
  });

  test('keeps the newest notes and requests, and no more than it says', () => {
    let yard = emptyYard;
    for (let n = 0; n < 1_100; n += 1) {
      yard = apply(yard, sampleEvent('note.remembered', `n${n}`), n);
      yard = apply(yard, sampleEvent('request.answered', `k${n}`), n);
    }
    expect([yard.notes.length, yard.notes.at(0)?.id, yard.notes.at(-1)?.id]).toEqual([500, 'n600', 'n1099']);
    expect([yard.requests.length, yard.requests.at(-1)?.key]).toEqual([1_024, 'k1099']);
  });

  test('archives a loop with everything that belonged to it and nothing else', () => {
    const yard = aYard()
      .withLoop({ id: 'old', state: 'landed' })
      .withLoop({ id: 'new', state: 'merging' })
      .record({
        type: 'question.asked',
        question: { id: 'q', loop: 'old', worker: 'old-w', text: 'Which?', deadline: noon },
      })
      .record({ type: 'loop.archived', id: 'old' })
      .build();
    expect(Object.keys(yard.loops)).toEqual(['new']);
    expect(Object.keys(yard.workers)).toEqual(['new-w']);
    expect(Object.keys(yard.verifications)).toEqual(['new-b', 'new-v']);
    expect(Object.keys(yard.merges)).toEqual(['new-m']);
    expect(yard.questions).toEqual({});
    expect(yard.totals).toEqual({ opened: 2, landed: 1, closed: 0, cancelled: 0 });
  });

  test('counts loops that have not ended as live', () => {
    const yard = aYard()
      .withLoop({ id: 'a' })
      .withLoop({ id: 'b', state: 'cancelled' })
      .withLoop({ id: 'c', hold: { kind: 'budget', reason: 'spent' } })
      .build();
    expect(liveLoops(yard).map(({ id }) => id)).toEqual(['a', 'c']);
  });
});
