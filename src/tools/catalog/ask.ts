import * as z from 'zod';
import { LoopyardError } from '../../domain/errors.ts';
import { headOf } from '../../domain/text.ts';
import { boundIn, boundTo } from '../bound.ts';
import { defineTool } from '../define.ts';
import * as field from '../fields.ts';
import { own } from '../own.ts';
import { compact } from '../views.ts';
import { waitFor, waitSeconds } from '../waiting.ts';

export const ask = defineTool({
  name: 'ask',
  title: 'Ask a human',
  description: 'Ask what you cannot find out. If no answer comes in time, end: the next worker gets it.',
  effect: 'write',
  idempotent: false,
  roles: ['worker'],
  input: z.strictObject({
    question: z.string().min(1).max(4_000).optional().describe('with all it takes to answer'),
    id: z.string().max(60).optional().describe('go on waiting for this one'),
    wait_s: waitSeconds.describe('at most 50'),
  }),
  output: z.strictObject({
    question: z.string().describe('its id'),
    answer: z.string().optional().describe('from a human or the strategist'),
    next: field.nextStep,
  }),
  async run(args, rt, call) {
    const { loop } = await boundTo(rt, call);
    const id = args.id ?? rt.ids.next('question');
    const text = args.question;
    if (args.id === undefined) {
      if (text === undefined)
        throw new LoopyardError('INVALID_ARGUMENT', '"question": say what you want to know.');
      await rt.store.transact(rt.actor, (tx) => {
        const { worker } = boundIn(tx.yard, call);
        const deadline = tx.now + rt.config.question_timeout_minutes * 60_000;
        tx.record({
          type: 'question.asked',
          question: { id, loop: loop.id, worker: worker.id, text, deadline },
        });
        const hold = { kind: 'question' as const, reason: headOf(text, 1_900), question: id };
        if (!own(tx.yard.loops, loop.id)?.hold) tx.record({ type: 'loop.held', id: loop.id, hold });
      });
    }
    const { value } = await waitFor(rt, call, args.wait_s ?? 25, ({ questions }) => {
      const question = own(questions, id);
      if (question?.loop !== loop.id) return 'unknown' as const;
      return question.state === 'open' ? undefined : question;
    });
    if (value === 'unknown') throw new LoopyardError('UNKNOWN_ID', 'Your loop has no such question.');
    return compact({
      question: id,
      answer: value?.answer,
      next: value?.answer
        ? 'Go on with the answer.'
        : value
          ? 'Nobody answered: decide yourself, and say so in STATE.md.'
          : `Wait with ask {id: "${id}"}, or write STATE.md and end: the next worker gets the answer.`,
    });
  },
  render: (output) => output.answer ?? output.next,
});
