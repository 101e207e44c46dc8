import * as z from 'zod';
import type { Fact } from '../../domain/worker/run.ts';
import type { Reader } from '../../ports/backend.ts';
import { fatal, retrying } from './failure.ts';
import { count, lenient } from './json.ts';
import { readJson } from './json-reader.ts';
import { usageFacts } from './usage.ts';

/**
 * The events of `opencode run --format json`, which Kilo shares. No event says that the work is done, so the exit does;
 * and none that it tries again, so that is read from its log on standard error.
 */
export function readOpencode(now: () => number): Reader {
  let session: string | undefined;
  let said: string | undefined;
  return readJson(
    now,
    (event) => {
      const { success, data } = Event.safeParse(event);
      if (!success) return [];
      const facts: Fact[] = session === data.sessionID ? [] : [{ type: 'session', id: data.sessionID }];
      session = data.sessionID;
      if (data.type === 'text' && data.part.text) said = data.part.text;
      if (data.type === 'step_finish') said ??= '';
      return [...facts, ...factsOf(data, now())];
    },
    { finalWords: () => said, errorLine: attemptFacts },
  );
}

const Failure = z.object({
  name: lenient(z.string()),
  data: lenient(
    z.object({
      message: lenient(z.string()),
      statusCode: lenient(z.number()),
      responseHeaders: lenient(z.record(z.string(), z.string())),
      responseBody: lenient(z.string()),
    }),
  ),
});

const sessionID = z.string();
const Event = z.discriminatedUnion('type', [
  z.object({ type: z.literal('step_start'), sessionID }),
  z.object({ type: z.literal('text'), sessionID, part: z.object({ text: lenient(z.string()) }) }),
  z.object({
    type: z.literal('tool_use'),
    sessionID,
    part: z.object({
      tool: z.string(),
      state: lenient(
        z.object({
          status: lenient(z.string()),
          error: lenient(z.string()),
          input: lenient(z.object({ filePath: lenient(z.string()), command: lenient(z.string()) })),
        }),
      ),
    }),
  }),
  z.object({
    type: z.literal('step_finish'),
    sessionID,
    part: z.object({
      tokens: lenient(
        z.object({
          input: count,
          output: count,
          reasoning: count,
          cache: lenient(z.object({ read: count, write: count })),
        }),
      ),
      cost: lenient(z.number().nonnegative()),
    }),
  }),
  z.object({ type: z.literal('error'), sessionID, error: Failure }),
]);
type Event = z.infer<typeof Event>;

function factsOf(event: Event, now: number): Fact[] {
  switch (event.type) {
    case 'step_start':
      return [];
    case 'text':
      return event.part.text ? [{ type: 'said', text: event.part.text }] : [];
    case 'tool_use': {
      const { tool, state } = event.part;
      const facts: Fact[] = [{ type: 'tool', name: tool }];
      if (state?.status === 'error' && /permission|rejected/i.test(state.error ?? '')) {
        const target = state.input?.filePath ?? state.input?.command ?? '';
        facts.push({ type: 'denied', what: `${tool} ${target}`.trim().slice(0, 200) });
      }
      return facts;
    }
    case 'step_finish': {
      const { tokens, cost } = event.part;
      const { read = 0, write = 0 } = tokens?.cache ?? {};
      const input = tokens?.input == null ? undefined : tokens.input + (read ?? 0) + (write ?? 0);
      const output = tokens?.output == null ? undefined : tokens.output + (tokens.reasoning ?? 0);
      // A provider without prices is told as a cost of nothing, which is unknown, not free.
      return usageFacts(input, output, cost === 0 ? undefined : cost);
    }
    case 'error':
      return [failureOf(event.error, now)];
  }
}

/** The last attempt is logged like the others, and its event follows. A title that failed (`small`) is no matter. */
function attemptFacts(line: string): Fact[] {
  if (!/\blevel=ERROR\b.*message="stream error" .*\bsmall=false\b/.test(line)) return [];
  const [, text] = /\berror\.error="(?:AI_APICallError: )?(.*)"$/.exec(line) ?? [];
  return text ? [retrying(text.slice(0, 400))] : [];
}

function failureOf({ name, data }: z.infer<typeof Failure>, now: number): Fact {
  const text = data?.message ?? name ?? 'It failed without a word.';
  const told = { status: data?.statusCode, headers: data?.responseHeaders };
  if (name === 'ContextOverflowError') return { type: 'fatal', class: 'context_too_long', text };
  if (name === 'ProviderAuthError') return { type: 'fatal', class: 'authentication', text };
  // The code of the provider is in the body only.
  const coded = /"code":\s*"(\w+)"/.exec(data?.responseBody ?? '')?.[1];
  const failure = fatal(coded && !text.includes(coded) ? `${text} (${coded})` : text, now, told);
  return { ...failure, text };
}
