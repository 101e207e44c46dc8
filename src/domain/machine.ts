import * as z from 'zod';
import { LoopyardError } from './errors.ts';

type Rows = Readonly<Record<string, Readonly<Record<string, string>>>>;

export interface Machine<State extends string, Move extends string> {
  readonly name: string;
  readonly rows: Readonly<Record<State, Readonly<Partial<Record<Move, State>>>>>;
  readonly states: readonly State[];
  /** For parsing a state that comes from disk. */
  readonly schema: z.ZodEnum<{ [S in State]: S }>;
  /** The state after the move. Throws ILLEGAL_TRANSITION when the table has no such cell. */
  step(state: State, move: Move): State;
  can(state: State, move: Move): boolean;
  /** A row without moves is an end. */
  isEnd(state: State): boolean;
}

export type StateOf<M> = M extends Machine<infer State, string> ? State : never;
export type MoveOf<M> = M extends Machine<string, infer Move> ? Move : never;

/**
 * A state machine as a table: rows are what we decided, moves are facts in the past tense, cells are where a fact
 * leads. A target that is not itself a row does not compile.
 */
export function defineMachine<const R extends { readonly [S in keyof R]: Readonly<Record<string, keyof R>> }>(
  name: string,
  rows: R & Rows,
): Machine<keyof R & string, { [S in keyof R]: keyof R[S] & string }[keyof R]> {
  type State = keyof R & string;
  type Move = { [S in keyof R]: keyof R[S] & string }[keyof R];
  const states = Object.keys(rows) as State[];
  const target = (state: State, move: Move): State | undefined =>
    Object.hasOwn(rows[state], move) ? (rows[state][move] as State) : undefined;
  return {
    name,
    rows: rows as unknown as Machine<State, Move>['rows'],
    states,
    schema: z.enum(states as [State, ...State[]]) as unknown as Machine<State, Move>['schema'],
    step(state, move) {
      const to = target(state, move);
      if (to === undefined) {
        throw new LoopyardError('ILLEGAL_TRANSITION', `A ${name} that is ${state} cannot be ${move}.`, {
          state,
          move,
        });
      }
      return to;
    },
    can: (state, move) => target(state, move) !== undefined,
    isEnd: (state) => Object.keys(rows[state]).length === 0,
  };
}
