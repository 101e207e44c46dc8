import * as z from 'zod';
import { Id } from './ids.ts';
import { defineMachine } from './machine.ts';

export const questionMachine = defineMachine('question', {
  open: { answered: 'answered', expired: 'expired', withdrawn: 'withdrawn' },
  answered: {},
  expired: {},
  withdrawn: {},
});

/** What a worker asks a human or the strategist. One answer; after the deadline the loop goes on without it. */
export const Question = z.strictObject({
  id: Id,
  state: questionMachine.schema,
  loop: Id,
  worker: Id,
  text: z.string().min(1).max(4_000),
  askedAt: z.number().int(),
  deadline: z.number().int(),
  answer: z.string().max(8_000).optional(),
  answeredBy: z.string().optional(),
});
export type Question = z.infer<typeof Question>;

export const questionEvents = [
  z.strictObject({
    type: z.literal('question.asked'),
    question: Question.pick({ id: true, loop: true, worker: true, text: true, deadline: true }),
  }),
  z.strictObject({
    type: z.literal('question.answered'),
    id: Id,
    answer: z.string().max(8_000),
    by: z.string(),
  }),
  z.strictObject({ type: z.literal('question.expired'), id: Id }),
  z.strictObject({ type: z.literal('question.withdrawn'), id: Id }),
] as const;
export type QuestionEvent = z.infer<(typeof questionEvents)[number]>;

export function applyToQuestion(
  question: Question | undefined,
  event: QuestionEvent,
  at: number,
): Question | undefined {
  if (event.type === 'question.asked') return { ...event.question, state: 'open', askedAt: at };
  if (!question) return undefined;
  switch (event.type) {
    case 'question.answered':
      return {
        ...question,
        state: questionMachine.step(question.state, 'answered'),
        answer: event.answer,
        answeredBy: event.by,
      };
    case 'question.expired':
      return { ...question, state: questionMachine.step(question.state, 'expired') };
    case 'question.withdrawn':
      return { ...question, state: questionMachine.step(question.state, 'withdrawn') };
  }
}
