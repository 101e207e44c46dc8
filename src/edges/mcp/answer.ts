import type { CallToolResult } from '@modelcontextprotocol/server';
import { asLoopyardError, type LoopyardError } from '../../domain/errors.ts';
import type { Answer } from '../../tools/define.ts';

/** The strictest client cuts there; a tool that comes near it has a fault. */
export const MAX_ANSWER = 40_000;

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

/** Leaves out fields that say nothing. Elements of lists stay, because their place has a meaning. */
function withoutNoise(answer: Answer): Record<string, unknown> {
  const telling = Object.entries(answer).map(([key, value]) => [key, cleaned(value)] as const);
  return Object.fromEntries(telling.filter(([, value]) => !isNoise(value)));
}

function cleaned(value: unknown): unknown {
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
    const excess = JSON.stringify(copy).length - MAX_ANSWER;
    if (excess <= 0) return copy;
    const [longest] = texts(copy).toSorted((a, b) => b.text.length - a.text.length);
    if (!longest || longest.text.length <= KEPT) return tooLarge(answer);
    // Escapes make a text longer in JSON than it is, so one cut may not be enough.
    const length = Math.max(KEPT - MARK.length, longest.text.length - excess - MARK.length);
    longest.replace(longest.text.slice(0, length) + MARK);
  }
}

const MARK = ' [cut: the answer was too long]';
const KEPT = 200;

function tooLarge(answer: Record<string, unknown>): Record<string, unknown> {
  const size = JSON.stringify(answer).length;
  return {
    next: `The answer had ${size} characters, more than the ${MAX_ANSWER} a client takes. Ask for one loop or a smaller part.`,
  };
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

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
