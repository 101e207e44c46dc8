import * as z from 'zod';
import {
  type Answer,
  type Conversation,
  type Event,
  type Failure,
  fresh,
  type Protocol,
  textOf,
} from './protocol.ts';

const Block = z.looseObject({ type: z.string(), content: z.unknown().optional() });
const Content = z.union([z.string().transform((text) => [{ type: 'text', text }]), z.array(Block)]);
const Request = z.looseObject({
  model: z.string(),
  stream: z.boolean().default(false),
  metadata: z.looseObject({ user_id: z.string() }).optional(),
  tools: z.array(z.looseObject({ name: z.string() })).default([]),
  messages: z.array(z.looseObject({ role: z.string(), content: Content })),
});

/** Anthropic's Messages API. */
export const anthropic: Protocol = {
  speaks: (path) => path.endsWith('/messages'),
  read(body) {
    const { model, stream, metadata, tools, messages } = Request.parse(body);
    const first = messages.findIndex(({ role }) => role === 'assistant');
    const before = messages.slice(0, first < 0 ? undefined : first);
    const later = messages.slice(before.length).filter(({ role }) => role !== 'assistant');
    const words = (said: typeof messages) =>
      said.map(({ content }) => textOf(content.filter(({ type }) => type === 'text'))).join('\n');
    return {
      model,
      stream,
      session: metadata?.user_id ?? '',
      tools: tools.map(({ name }) => name),
      opening: words(before),
      toldLater: words(later),
      results: messages
        .flatMap(({ content }) => content)
        .filter(({ type }) => type === 'tool_result')
        .map((block) => textOf('content' in block ? block.content : '')),
      answers: messages.filter(({ role }) => role === 'assistant').length,
    };
  },
  whole: (answer, { model }) => ({ ...messageOf(model), ...contentOf(answer) }),
  events(answer, { model }): readonly Event[] {
    const message = messageOf(model);
    const { content, stop_reason } = contentOf(answer);
    const event = (name: string, rest: object): Event => ({ name, data: { type: name, ...rest } });
    const empty = 'say' in answer ? { text: '' } : { input: {} };
    const delta =
      'say' in answer
        ? { type: 'text_delta', text: answer.say }
        : { type: 'input_json_delta', partial_json: JSON.stringify(answer.with) };
    return [
      event('message_start', { message: { ...message, content: [], stop_reason: null } }),
      event('content_block_start', { index: 0, content_block: { ...content[0], ...empty } }),
      event('content_block_delta', { index: 0, delta }),
      event('content_block_stop', { index: 0 }),
      event('message_delta', { delta: { stop_reason, stop_sequence: null }, usage: { output_tokens: 10 } }),
      event('message_stop', {}),
    ];
  },
  failure,
  failureEvent: (told) => ({ name: 'error', data: failure(told) }),
};

function failure({ type, message }: Failure) {
  return { type: 'error', error: { type, message } };
}

function messageOf(model: Conversation['model']) {
  const usage = {
    input_tokens: 100,
    output_tokens: 10,
    cache_creation_input_tokens: 0,
    cache_read_input_tokens: 0,
  };
  return { id: fresh('msg'), type: 'message', role: 'assistant', model, stop_sequence: null, usage };
}

function contentOf(answer: Answer) {
  return 'say' in answer
    ? { content: [{ type: 'text', text: answer.say }], stop_reason: 'end_turn' }
    : {
        content: [{ type: 'tool_use', id: fresh('toolu'), name: answer.call, input: answer.with }],
        stop_reason: 'tool_use',
      };
}
