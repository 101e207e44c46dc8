import type { Fact } from '../../domain/worker/run.ts';
import { resetOf } from './reset.ts';

export type FailureClass = Extract<Fact, { type: 'fatal' }>['class'];
type Retrying = Extract<Fact, { type: 'retrying' }>;
type Fatal = Extract<Fact, { type: 'fatal' }>;

/** What a program knows of a failure beside its words. */
export interface Told {
  /** HTTP status, where it is a field of its own; otherwise it is looked for in the words. */
  readonly status?: number | null | undefined;
  /** Headers of the model's answer, names in lower case. */
  readonly headers?: Readonly<Record<string, string>> | null | undefined;
}

/** The program gave up: the class of it, and when the limit ends where that was told. */
export function fatal(text: string, now: number, told: Told = {}): Fatal {
  const kind = classOf(text, told.status);
  const resetAt = kind === 'rate_limit' || kind === 'quota' ? resetOf(text, now, told.headers) : undefined;
  return { type: 'fatal', class: kind, text, ...(resetAt === undefined ? {} : { resetAt }) };
}

/** The program goes on trying by itself. */
export function retrying(text: string, status?: number): Retrying {
  return { type: 'retrying', class: classOf(text, status), text };
}

/**
 * Words come before the status where providers use one status for several things: 400 for a long context and a wrong
 * key, 429 for a full minute and an empty account. Everything else is the status, and words again where none is known.
 */
export function classOf(text: string, told?: number | null): FailureClass {
  const status = told ?? statusIn(text);
  for (const [kind, words] of decisive) if (words.test(text)) return kind;
  if (status !== undefined) {
    const kind = byStatus(status);
    if (kind) return kind;
  }
  return vague.find(([, words]) => words.test(text))?.[0] ?? 'other';
}

const decisive: readonly (readonly [FailureClass, RegExp])[] = [
  [
    'context_too_long',
    /context_length_exceeded|maximum context length|context window|prompt is too long|too many tokens|exceeds the maximum number of tokens|contextoverflow/i,
  ],
  ['other', /mcp servers? failed/i],
  // A quota that is back within seconds is a rate limit by another name.
  ['rate_limit', /quota[\s\S]*(?:retry|try again) (?:in|after) [\d.]+ ?m?s(?:ec|\b)/i],
  [
    'quota',
    /insufficient_quota|quota exceeded|exceeded your (?:current |monthly )?quota|exhausted your (?:\w+ )?quota|usage limit|credit balance|usage credits|(?:out of|insufficient|not enough) (?:extra )?(?:usage|credits|funds|balance)|purchase more credits|^you've (?:hit|reached) your/i,
  ],
  [
    'authentication',
    /api key (?:is )?(?:not valid|invalid|missing)|(?:incorrect|invalid|missing) (?:x-)?api[- ]key|api_key_invalid|not logged in|\/login\b|not authenticated|no authentication (?:information|method)|set an auth method|unauthenticated|login required|please (?:log|sign) in/i,
  ],
];

/** Only where no status says it better. */
const vague: readonly (readonly [FailureClass, RegExp])[] = [
  [
    'model_unknown',
    /model_not_found|modelnotfound|unknown model|models?\b.{0,80}(?:not found|does not exist|not exist|not supported|not available)|invalid model/i,
  ],
  ['authentication', /\bunauthorized\b|\bforbidden\b|authentication|credentials/i],
  ['rate_limit', /rate.?limit|too many requests|resource (?:has been )?exhausted|resource_exhausted/i],
  [
    'overloaded',
    /overloaded|at capacity|high demand|service unavailable|internal (?:server )?error|server_error|server had an error|bad gateway/i,
  ],
  [
    'network',
    /network|connect(?:ion|ing)?\b|socket|fetch failed|econn|enotfound|eai_again|etimedout|timed? ?out|lookup address|error sending request|stream (?:disconnected|closed|ended)|\bterminated\b/i,
  ],
];

function byStatus(status: number): FailureClass | undefined {
  if (status === 401 || status === 403) return 'authentication';
  if (status === 402) return 'quota';
  if (status === 404) return 'model_unknown';
  if (status === 408) return 'network';
  if (status === 413) return 'context_too_long';
  if (status === 429) return 'rate_limit';
  return status >= 500 && status < 600 ? 'overloaded' : undefined;
}

/** `unexpected status 401`, `last status: 429`, `"code":503`, `API Error: 429`, or a status in front of its words. */
function statusIn(text: string): number | undefined {
  const found =
    /\bstatus(?: code)?:? (\d{3})\b/i.exec(text) ??
    /"(?:code|status|statusCode)":\s*(\d{3})\b/.exec(text) ??
    /\berror:? \(?(\d{3})\b/i.exec(text) ??
    /^\s*(\d{3})\b/.exec(text);
  return found ? Number(found[1]) : undefined;
}
