import * as z from 'zod';
import type { Fact } from '../../domain/worker/run.ts';
import type { Reader } from '../../ports/backend.ts';
import { fatal } from './failure.ts';
import { count, lenient } from './json.ts';
import { readJson } from './json-reader.ts';
import { usageFacts } from './usage.ts';

/**
 * The events that several programs copied from Claude Code: `system` opens, `assistant` speaks and calls tools, `user`
 * brings results, `result` ends. Each says a little more or less; what is missing is not told. With `endsWithResult:
 * false` a program that ends well without a `result` has finished.
 */
export function readClaudeLike(now: () => number, { endsWithResult = true } = {}): Reader {
  let session: string | undefined;
  let said = '';
  return readJson(
    now,
    (event) => {
      const { success, data } = Event.safeParse(event);
      if (!success) return [];
      const facts: Fact[] = [];
      if (data.session_id && data.session_id !== session) {
        session = data.session_id;
        facts.push({ type: 'session', id: session });
      }
      switch (data.type) {
        case 'system':
          return facts;
        case 'assistant': {
          const spoken = data.message.content.flatMap(spokenIn);
          said = spoken.findLast(({ type }) => type === 'said')?.text ?? said;
          return [
            ...facts,
            ...spoken.map(
              ({ type, text }): Fact => (type === 'said' ? { type, text } : { type, name: text }),
            ),
          ];
        }
        case 'user':
          return [...facts, ...data.message.content.flatMap(denialIn)];
        case 'tool_call': {
          const [name] = Object.keys(data.tool_call);
          return data.subtype === 'started' && name ? [...facts, { type: 'tool', name }] : facts;
        }
        case 'error':
          return [...facts, fatal(data.message ?? data.error ?? 'It failed without a word.', now())];
        case 'result':
          return [...facts, ...resultFacts(data, said, now())];
      }
    },
    endsWithResult ? {} : { finalWords: () => said },
  );
}

const session_id = lenient(z.string());
const Block = z.object({
  type: z.string(),
  text: lenient(z.string()),
  name: lenient(z.string()),
  is_error: lenient(z.boolean()),
  content: z.unknown().optional(),
});
type Block = z.infer<typeof Block>;
const message = z.object({ content: z.array(Block) });

const Denial = z.object({
  tool_name: z.string(),
  tool_input: lenient(
    z.object({ file_path: lenient(z.string()), command: lenient(z.string()), path: lenient(z.string()) }),
  ),
});

const Result = z.object({
  type: z.literal('result'),
  session_id,
  subtype: lenient(z.string()),
  is_error: lenient(z.boolean()),
  result: lenient(z.string()),
  error: lenient(z.union([z.string(), z.object({ message: lenient(z.string()) })])),
  usage: lenient(
    z.object({
      input_tokens: count,
      output_tokens: count,
      cache_read_input_tokens: count,
      cache_creation_input_tokens: count,
    }),
  ),
  total_cost_usd: lenient(z.number().nonnegative()),
  permission_denials: lenient(z.array(Denial)),
});

const Event = z.discriminatedUnion('type', [
  z.object({ type: z.literal('system'), session_id, subtype: z.string() }),
  z.object({ type: z.literal('assistant'), session_id, message }),
  z.object({ type: z.literal('user'), session_id, message }),
  z.object({
    type: z.literal('tool_call'),
    session_id,
    subtype: z.string(),
    tool_call: z.record(z.string(), z.unknown()),
  }),
  z.object({
    type: z.literal('error'),
    session_id,
    message: lenient(z.string()),
    error: lenient(z.string()),
  }),
  Result,
]);

function spokenIn({ type, text, name }: Block): { type: 'said' | 'tool'; text: string }[] {
  // A failure comes dressed as words too; the result repeats it.
  if (type === 'text' && text && !text.startsWith('[API Error')) return [{ type: 'said', text }];
  return type === 'tool_use' && name ? [{ type: 'tool', text: name }] : [];
}

/** Only the words tell a refusal from a tool that went wrong. */
function denialIn({ type, is_error, content }: Block): Fact[] {
  if (type !== 'tool_result' || !is_error) return [];
  const text = typeof content === 'string' ? content : JSON.stringify(content ?? '');
  const refused =
    /permission (?:was )?denied by|requires (?:user )?(?:approval|permission|confirmation)|denied (?:permission|by)|not in workspace|was (?:rejected|declined)/i;
  return refused.test(text) ? [{ type: 'denied', what: text.slice(0, 200) }] : [];
}

function resultFacts(result: z.infer<typeof Result>, said: string, now: number): Fact[] {
  const { usage, total_cost_usd, permission_denials, error } = result;
  const cached = (usage?.cache_read_input_tokens ?? 0) + (usage?.cache_creation_input_tokens ?? 0);
  const input = usage?.input_tokens == null ? undefined : usage.input_tokens + cached;
  const facts = usageFacts(input, usage?.output_tokens, total_cost_usd);
  for (const { tool_name, tool_input } of permission_denials ?? []) {
    const target = tool_input?.file_path ?? tool_input?.path ?? tool_input?.command ?? '';
    facts.push({ type: 'denied', what: `${tool_name} ${target}`.trim().slice(0, 200) });
  }
  const failed = result.is_error || /^(?:error|failure)/.test(result.subtype ?? '');
  if (!failed) return [...facts, { type: 'finished', text: result.result || said }];
  const words = typeof error === 'string' ? error : error?.message;
  return [...facts, fatal(words || result.result || result.subtype || 'It failed without a word.', now)];
}
