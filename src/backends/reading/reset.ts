/** Milliseconds in the units in which limits are told, by their first letters. */
const units: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
};
const dayMs = 86_400_000;
const longest = 400 * dayMs;

/**
 * When a limit ends, in milliseconds since 1970, from a header or from words: `retry-after: 30`, `try again in 1h 20m`,
 * `"retryDelay":"20s"`, `try again at 2:15 PM`, which is the next such time where we are. Undefined: nothing was said.
 */
export function resetOf(
  text: string,
  now: number,
  headers?: Readonly<Record<string, string>> | null,
): number | undefined {
  const at = fromHeader(headers?.['retry-after'], now) ?? inSoLong(text, now) ?? atThatTime(text, now);
  return at !== undefined && at > now - dayMs && at < now + longest ? Math.round(at) : undefined;
}

function fromHeader(value: string | undefined, now: number): number | undefined {
  if (value === undefined) return undefined;
  if (/^\d+(?:\.\d+)?$/.test(value)) return now + Number(value) * 1_000;
  const date = Date.parse(value);
  return Number.isNaN(date) ? undefined : date;
}

function inSoLong(text: string, now: number): number | undefined {
  const [, span] =
    /"retryDelay":\s*"([\d.]+m?s)"/.exec(text) ??
    /\b(?:try again|retry|resets?|available)(?: again)? (?:in|after) ((?:about )?(?:[\d.]+ ?[a-z]+(?:,? (?:and )?)?)+)/i.exec(
      text,
    ) ??
    [];
  if (span === undefined) return undefined;
  let sum = 0;
  for (const [, amount, unit = ''] of span.matchAll(/([\d.]+) ?(ms|millis|[smhdw])/gi))
    sum += Number(amount) * (units[/^m(?:s|illi)/i.test(unit) ? 'ms' : unit.toLowerCase()] ?? 0);
  return sum > 0 ? now + sum : undefined;
}

/** `at 2:15 PM`, `at Nov 23rd, 2026 2:15 PM`. */
function atThatTime(text: string, now: number): number | undefined {
  const found =
    /\b(?:try again|resets?|available)(?: again)? at ((?:[A-Z][a-z]{2,8} \d{1,2}(?:st|nd|rd|th)?,? \d{4},? )?)(\d{1,2}):(\d{2}) ?([AP]M)?/i.exec(
      text,
    );
  if (!found) return undefined;
  const [, day = '', hours = '', minutes = '', half] = found;
  const hour = half ? (Number(hours) % 12) + (half.toUpperCase() === 'PM' ? 12 : 0) : Number(hours);
  const date = day ? new Date(day.replace(/(\d)(?:st|nd|rd|th)/, '$1')) : new Date(now);
  if (Number.isNaN(date.getTime())) return undefined;
  date.setHours(hour, Number(minutes), 0, 0);
  // Of a time without a day the next one is meant.
  return !day && date.getTime() <= now ? date.setDate(date.getDate() + 1) : date.getTime();
}
