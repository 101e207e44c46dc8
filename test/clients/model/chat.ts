import * as z from 'zod';
import { type Answer, type Failure, fresh, type Protocol, textOf } from './protocol.ts';

const Request = z.looseObject({
  model: z.string(),
  stream: z.boolean().default(false),
  tools: z.array(z.looseObject({ function: z.looseObject({ name: z.string() }) })).default([]),
  messages: z.array(z.looseObject({ role: z.string(), content: z.unknown().optional() })),
});

const usage = { prompt_tokens: 100, completion_tokens: 10, total_tokens: 110 };

/** OpenAI's chat completions, which most other providers speak too. */
export const chat: Protocol = {
  speaks: (path) => path.endsWith('/chat/completions'),
  read(body) {
    const { model, stream, tools, messages } = Request.parse(body);
    const first = messages.findIndex(({ role }) => role === 'assistant');
    const before = messages.slice(0, first < 0 ? undefined : first);
    const opening = before
      .filter(({ role }) => role === 'user')
      .map(({ content }) => textOf(content))
      .join('\n');
    return {
      model,
      stream,
      session: opening,
      tools: tools.map((tool) => tool.function.name),
      opening,
      results: messages.filter(({ role }) => role === 'tool').map(({ content }) => textOf(content)),
      answers: messages.filter(({ role }) => role === 'assistant').length,
    };
  },
  whole(answer, { model }) {
    const { finish_reason, ...message } = messageOf(answer);
    const choices = [{ index: 0, message: { role: 'assistant', content: null, ...message }, finish_reason }];
    return { id: fresh('chatcmpl'), object: 'chat.completion', created: 1, model, choices, usage };
  },
  events(answer, { model }) {
    const { finish_reason, ...message } = messageOf(answer);
    const chunk = { id: fresh('chatcmpl'), object: 'chat.completion.chunk', created: 1, model };
    const choice = (delta: object, reason: string | null) => ({
      data: { ...chunk, choices: [{ index: 0, delta, finish_reason: reason }] },
    });
    return [
      choice({ role: 'assistant', ...message }, null),
      choice({}, finish_reason),
      { data: { ...chunk, choices: [], usage } },
      { data: '[DONE]' },
    ];
  },
  failure,
  failureEvent: (told) => ({ data: failure(told) }),
};

function failure({ type, message }: Failure) {
  return { error: { message, type, param: null, code: type } };
}

function messageOf(answer: Answer) {
  if ('say' in answer) return { content: answer.say, finish_reason: 'stop' };
  const call = { name: answer.call, arguments: JSON.stringify(answer.with) };
  return {
    tool_calls: [{ index: 0, id: fresh('call'), type: 'function', function: call }],
    finish_reason: 'tool_calls',
  };
}
