import type { CallToolResult } from '@modelcontextprotocol/server';
import { asLoopyardError, type LoopyardError } from '../../domain/errors.ts';
import { isRecord } from '../../domain/record.ts';
import { headOf, jsonBytes, plain } from '../../domain/text.ts';
import type { Answer } from '../../tools/define.ts';

/** Bytes of an answer as JSON: what a session should pay at most for one look. A tool that comes near it has a fault. */
export const MAX_ANSWER = 8_192;

/**
 * An answer for a model. Half of the clients show it only the structured content, the other half only the text, so
 * both are the same data.
 */
export function toResult(answer: Answer): CallToolResult {
  return result(fitting(withoutNoise(answer)));
}

/** An error a model can act on. A stack is for the log, never for the model. */
export function toErrorResult(thrown: unknown): CallToolResult {
  const { code, message, hint, facts }: LoopyardError = asLoopyardError(thrown);
  return { ...result(fitting(withoutNoise({ ...facts, error: code, message, hint }))), isError: true };
}

function result(structuredContent: Record<string, unknown>): CallToolResult {
  return { content: [{ type: 'text', text: JSON.stringify(structuredContent) }], structuredContent };
}

/** Plain texts only, and no fields that say nothing. Elements of lists stay, because their place has a meaning. */
function withoutNoise(answer: Answer): Record<string, unknown> {
  const telling = Object.entries(answer).map(([key, value]) => [key, cleaned(value)] as const);
  return Object.fromEntries(telling.filter(([, value]) => !isNoise(value)));
}

function cleaned(value: unknown): unknown {
  if (typeof value === 'string') return plain(value);
  if (Array.isArray(value)) return value.map(cleaned);
  return isRecord(value) ? withoutNoise(value) : value;
}

function isNoise(value: unknown): boolean {
  if (value === undefined || value === null || value === '') return true;
  if (Array.isArray(value)) return value.length === 0;
  return isRecord(value) && Object.keys(value).length === 0;
}

/** Cuts the longest texts until the answer fits, and says where. */
function fitting(answer: Record<string, unknown>): Record<string, unknown> {
  const copy: Record<string, unknown> = structuredClone(answer);
  for (;;) {
    const excess = jsonBytes(copy) - MAX_ANSWER;
    if (excess <= 0) return copy;
    const [longest] = texts(copy)
      .filter(({ text }) => text.length > KEPT)
      .map((found) => ({ ...found, bytes: jsonBytes(found.text) }))
      .toSorted((a, b) => b.bytes - a.bytes);
    if (!longest) return tooLarge(copy);
    // How many bytes a character takes differs along a text, so one cut may not be enough.
    const share = Math.max(0, longest.bytes - excess - MARK.length) / longest.bytes;
    const length = Math.max(KEPT - MARK.length, Math.floor(longest.text.length * share));
    longest.replace(headOf(longest.text, Math.min(length, longest.text.length - MARK.length - 1)) + MARK);
  }
}

const MARK = ' [cut: the answer was too long]';
const KEPT = 100;

/** Long lists: what is left are the short fields, such as ids and the cursor. */
function tooLarge(answer: Record<string, unknown>): Record<string, unknown> {
  const isShort = (value: unknown) => !isRecord(value) && !Array.isArray(value) && jsonBytes(value) <= 1_000;
  const short = Object.entries(answer).filter(([, value]) => isShort(value));
  const next = `The answer had ${jsonBytes(answer)} bytes, more than the ${MAX_ANSWER} a client is sent. Ask for one loop or a smaller part.`;
  const kept = { ...Object.fromEntries(short), next };
  return jsonBytes(kept) <= MAX_ANSWER ? kept : { next };
}

interface Text {
  readonly text: string;
  replace(text: string): void;
}

function texts(holder: Record<string, unknown> | unknown[]): readonly Text[] {
  const entries: readonly (readonly [string | number, unknown])[] = Array.isArray(holder)
    ? [...holder.entries()]
    : Object.entries(holder);
  return entries.flatMap(([key, value]): readonly Text[] => {
    if (typeof value === 'string') {
      return [{ text: value, replace: (text) => Object.assign(holder, { [key]: text }) }];
    }
    return Array.isArray(value) || isRecord(value) ? texts(value) : [];
  });
}
