import { describe, expect, test } from 'vitest';
import { YardEvent } from '../../src/domain/events.ts';
import { loopMachine } from '../../src/domain/loop.ts';
import type { Machine } from '../../src/domain/machine.ts';
import { mergeMachine } from '../../src/domain/merge.ts';
import { questionMachine } from '../../src/domain/question.ts';
import { verificationMachine } from '../../src/domain/verification/verification.ts';
import { workerMachine } from '../../src/domain/worker/worker.ts';
import { apply, type Yard } from '../../src/domain/yard.ts';
import { sampleEvent, sampleEvents } from '../support/sample-events.ts';
import { aYard } from '../support/yard-builder.ts';

type AnyMachine = Machine<string, string>;

/** Each table, the noun of its events, where its records lie, and the events that are no moves. */
const tables: readonly {
  machine: AnyMachine;
  noun: string;
  records: 'loops' | 'workers' | 'verifications' | 'merges' | 'questions';
  begins: string;
  noMoves: readonly string[];
}[] = [
  {
    machine: loopMachine as unknown as AnyMachine,
    noun: 'loop',
    records: 'loops',
    begins: 'opened',
    noMoves: [
      'workspace_prepared',
      'workspace_lost',
      'baseline_requested',
      'baseline_judged',
      'iteration_wanted',
      'infrastructure_failed',
      'cancel_requested',
      'held',
      'released',
      'updated',
      'told',
      'message_taken',
      'tidied',
      'archived',
    ],
  },
  {
    machine: workerMachine as unknown as AnyMachine,
    noun: 'worker',
    records: 'workers',
    begins: 'starting',
    noMoves: ['stop_acknowledged', 'reported', 'ports_leased', 'quiet', 'unheard'],
  },
  {
    machine: verificationMachine as unknown as AnyMachine,
    noun: 'verification',
    records: 'verifications',
    begins: 'requested',
    noMoves: ['archived', 'ports_leased', 'progressed'],
  },
  {
    machine: mergeMachine as unknown as AnyMachine,
    noun: 'merge',
    records: 'merges',
    begins: 'queued',
    noMoves: ['built'],
  },
  {
    machine: questionMachine as unknown as AnyMachine,
    noun: 'question',
    records: 'questions',
    begins: 'asked',
    noMoves: [],
  },
];

const eventTypes = YardEvent.options.map((option) => option.shape.type.value);
const movesOf = (machine: AnyMachine) => [
  ...new Set(Object.values(machine.rows).flatMap((row) => Object.keys(row))),
];

function reachable(machine: AnyMachine, from: string): ReadonlySet<string> {
  const seen = new Set([from]);
  for (const state of seen)
    for (const target of Object.values(machine.rows[state] ?? {})) if (target !== undefined) seen.add(target);
  return seen;
}

/** A yard in which the record `x` of this table is in that state, though no events may lead there directly. */
function yardWith(records: (typeof tables)[number]['records'], begins: string, state: string): Yard {
  const yard = aYard()
    .withLoop()
    .record(sampleEvent(begins as YardEvent['type'], 'x'))
    .build();
  const record = yard[records].x;
  return { ...yard, [records]: { ...yard[records], x: { ...record, state } } } as Yard;
}

describe.each(tables)('the table of a $noun', ({ machine, noun, records, begins, noMoves }) => {
  const [first = ''] = machine.states;
  const ends = machine.states.filter((state) => machine.isEnd(state));

  test('leads only to its own rows', () => {
    for (const row of Object.values(machine.rows))
      for (const target of Object.values(row)) expect(machine.states).toContain(target);
  });

  test('reaches every state from the first row', () =>
    expect([...reachable(machine, first)].sort()).toEqual([...machine.states].sort()));

  test('reaches every end from every state that is none', () => {
    expect(ends).not.toEqual([]);
    for (const state of machine.states.filter((name) => !machine.isEnd(name)))
      expect([...reachable(machine, state)]).toEqual(expect.arrayContaining(ends));
  });

  test('begins with the state that its first event gives', () => {
    const yard = aYard()
      .withLoop()
      .record(sampleEvent(`${noun}.${begins}` as YardEvent['type'], 'x'))
      .build();
    expect(yard[records].x?.state).toBe(first);
  });

  test('has an event for every move, and a move for every event that is not known to be none', () => {
    const events = eventTypes.filter((type) => type.startsWith(`${noun}.`));
    const moves = movesOf(machine).map((move) => `${noun}.${move}`);
    const others = [begins, ...noMoves].map((name) => `${noun}.${name}`);
    expect(events.toSorted()).toEqual([...moves, ...others].toSorted());
  });

  test('parses its states and nothing else', () => {
    for (const state of machine.states) expect(machine.schema.parse(state)).toBe(state);
    for (const wrong of ['', 'toString', 'constructor', 'gone'])
      expect(machine.schema.safeParse(wrong).success).toBe(false);
  });

  test('is what apply obeys, cell by cell: what it does not list is refused and changes nothing', () => {
    for (const state of machine.states) {
      for (const move of movesOf(machine)) {
        const yard = yardWith(records, `${noun}.${begins}`, state);
        const before = structuredClone(yard);
        const event = sampleEvent(`${noun}.${move}` as YardEvent['type'], 'x', 1);
        const target = machine.rows[state]?.[move];
        expect(machine.can(state, move)).toBe(target !== undefined);
        if (target === undefined) {
          expect(() => apply(yard, event, 1), `${state} + ${move}`).toThrow(
            expect.objectContaining({ code: 'ILLEGAL_TRANSITION', facts: { state, move } }),
          );
        } else {
          expect(apply(yard, event, 1)[records].x?.state, `${state} + ${move}`).toBe(target);
        }
        expect(yard).toEqual(before);
      }
    }
  });
});

describe('machines', () => {
  test('moves that every object inherits are no moves', () => {
    expect(loopMachine.can('ready', 'constructor' as never)).toBe(false);
    expect(() => loopMachine.step('ready', 'toString' as never)).toThrow(
      expect.objectContaining({ code: 'ILLEGAL_TRANSITION' }),
    );
  });

  test('every event has a noun of its own and a sample that its schema accepts unchanged', () => {
    expect(Object.keys(sampleEvents).toSorted()).toEqual(eventTypes.toSorted());
    for (const type of eventTypes)
      for (const n of [0, 1, 7]) {
        const sample = sampleEvent(type, 'x', n);
        expect(YardEvent.parse(sample)).toEqual(sample);
      }
  });

  test('an event about a subject that does not exist is refused', () => {
    const begins = tables.map(({ noun, begins }) => `${noun}.${begins}`);
    const later = eventTypes.filter(
      (type) => !/^(?:lease|note|request|backend)\./.test(type) && !begins.includes(type),
    );
    for (const type of later)
      for (const id of ['nobody', 'constructor'])
        expect(() => apply(aYard().withLoop().build(), sampleEvent(type, id), 1), type).toThrow(
          expect.objectContaining({ code: 'UNKNOWN_ID' }),
        );
  });

  test.each(tables)('a $noun that exists does not begin again', ({ noun, begins, records, machine }) => {
    const [, second = ''] = machine.states;
    const yard = yardWith(records, `${noun}.${begins}`, second);
    expect(() => apply(yard, sampleEvent(`${noun}.${begins}` as YardEvent['type'], 'x'), 1)).toThrow(
      expect.objectContaining({ code: 'INVALID_ARGUMENT' }),
    );
  });

  test.each(['ready', 'working', 'merging'] as const)('a loop that is %s is not archived', (state) =>
    expect(() => apply(aYard().withLoop({ state }).build(), { type: 'loop.archived', id: 'l' }, 1)).toThrow(
      expect.objectContaining({ code: 'WRONG_STATE' }),
    ),
  );

  test('a verification that still runs is not archived', () =>
    expect(() =>
      apply(
        aYard().withLoop({ state: 'verifying' }).build(),
        { type: 'verification.archived', id: 'l-v' },
        1,
      ),
    ).toThrow(expect.objectContaining({ code: 'WRONG_STATE' })));
});
