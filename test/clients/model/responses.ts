import * as z from 'zod';
import { type Answer, fresh, type Protocol, textOf } from './protocol.ts';

const Item = z.looseObject({
  type: z.string().default('message'),
  role: z.string().optional(),
  content: z.unknown().optional(),
  output: z.unknown().optional(),
});
type Item = z.infer<typeof Item>;
const Request = z.looseObject({
  model: z.string(),
  stream: z.boolean().default(false),
  prompt_cache_key: z.string().optional(),
  tools: z.array(z.looseObject({ type: z.string(), name: z.string().optional() })).default([]),
  input: z.array(Item),
});

/** OpenAI's Responses API. */
export const responses: Protocol = {
  speaks: (path) => path.endsWith('/responses'),
  read(body) {
    const { model, stream, prompt_cache_key, tools, input } = Request.parse(body);
    const first = input.findIndex(isAnswer);
    const before = input.slice(0, first < 0 ? undefined : first);
    const opening = before
      .filter(({ role }) => role === 'user')
      .map(({ content }) => textOf(content))
      .join('\n');
    return {
      model,
      stream,
      session: prompt_cache_key ?? opening,
      tools: tools.map(({ name, type }) => name ?? type),
      opening,
      results: input.filter(({ type }) => type.endsWith('_output')).map(({ output }) => textOf(output)),
      answers: input.filter(isAnswer).length,
    };
  },
  whole: (answer, { model }) => ({ ...responseOf(model), status: 'completed', output: [itemOf(answer)] }),
  events(answer, { model }) {
    const response = responseOf(model);
    const item = itemOf(answer);
    let sequence_number = 0;
    const event = (name: string, rest: object) => ({
      name,
      data: { type: name, sequence_number: sequence_number++, ...rest },
    });
    return [
      event('response.created', { response: { ...response, status: 'in_progress', output: [] } }),
      event('response.output_item.added', { output_index: 0, item: { ...item, status: 'in_progress' } }),
      event('response.output_item.done', { output_index: 0, item }),
      event('response.completed', { response: { ...response, status: 'completed', output: [item] } }),
    ];
  },
  failure: ({ type, message }) => ({ error: { message, type, param: null, code: type } }),
  failureEvent({ type, message }) {
    const response = {
      id: fresh('resp'),
      object: 'response',
      status: 'failed',
      error: { code: type, message },
    };
    return { name: 'response.failed', data: { type: 'response.failed', sequence_number: 1, response } };
  },
};

function isAnswer({ type, role }: Item): boolean {
  return type.endsWith('_call') || (type === 'message' && role === 'assistant');
}

function responseOf(model: string) {
  const details = {
    input_tokens_details: { cached_tokens: 0 },
    output_tokens_details: { reasoning_tokens: 0 },
  };
  const usage = { input_tokens: 100, output_tokens: 10, total_tokens: 110, ...details };
  return { id: fresh('resp'), object: 'response', created_at: 1, model, error: null, usage };
}

function itemOf(answer: Answer) {
  if ('say' in answer) {
    const content = [{ type: 'output_text', text: answer.say, annotations: [] }];
    return { type: 'message', id: fresh('msg'), role: 'assistant', status: 'completed', content };
  }
  const { call: name, namespace } = answer;
  return {
    type: 'function_call',
    id: fresh('fc'),
    call_id: fresh('call'),
    name,
    ...(namespace === undefined ? {} : { namespace }),
    arguments: JSON.stringify(answer.with),
    status: 'completed',
  };
}
