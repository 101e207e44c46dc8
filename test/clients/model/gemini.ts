import * as z from 'zod';
import { type Answer, type Failure, fresh, type Protocol, textOf } from './protocol.ts';

const Part = z.looseObject({
  text: z.string().optional(),
  functionResponse: z.looseObject({ response: z.unknown().optional() }).optional(),
});
const Request = z.looseObject({
  contents: z.array(z.looseObject({ role: z.string(), parts: z.array(Part) })),
  tools: z
    .array(z.looseObject({ functionDeclarations: z.array(z.looseObject({ name: z.string() })).default([]) }))
    .default([]),
});

/** Gemini's generateContent, the model in the path. */
export const gemini: Protocol = {
  speaks: (path) => /:(?:streamG|g)enerateContent$/.test(path),
  read(body, path) {
    const { contents, tools } = Request.parse(body);
    const [, model = '', verb] = /models\/([^:]+):(\w+)$/.exec(path) ?? [];
    const first = contents.findIndex(({ role }) => role === 'model');
    const before = contents.slice(0, first < 0 ? undefined : first);
    const opening = before.map(({ parts }) => textOf(parts)).join('\n');
    return {
      model,
      stream: verb === 'streamGenerateContent',
      session: opening,
      tools: tools.flatMap(({ functionDeclarations }) => functionDeclarations.map(({ name }) => name)),
      opening,
      results: contents
        .flatMap(({ parts }) => parts)
        .flatMap(({ functionResponse: answer }) => (answer ? [JSON.stringify(answer.response)] : [])),
      answers: contents.filter(({ role }) => role === 'model').length,
    };
  },
  whole: (answer, { model }) => responseOf(answer, model, 'STOP'),
  events(answer, { model }) {
    const whole = { data: responseOf(answer, model, 'STOP') };
    if ('call' in answer) return [whole];
    // Words come first, and in an event of its own that they are all.
    return [{ data: responseOf(answer, model) }, { data: responseOf({ say: '' }, model, 'STOP') }];
  },
  failure,
  failureEvent: (told) => ({ data: failure(told) }),
};

function failure({ fail, type, message }: Failure) {
  return { error: { code: fail, message, status: type } };
}

function responseOf(answer: Answer, modelVersion: string, finishReason?: string) {
  const part =
    'say' in answer
      ? { text: answer.say }
      : {
          functionCall: { id: fresh('call'), name: answer.call, args: answer.with },
          thoughtSignature: 'c2NyaXB0ZWQ=',
        };
  return {
    candidates: [
      { index: 0, content: { role: 'model', parts: [part] }, ...(finishReason ? { finishReason } : {}) },
    ],
    usageMetadata: { promptTokenCount: 100, candidatesTokenCount: 10, totalTokenCount: 110 },
    modelVersion,
    responseId: fresh('response'),
  };
}
