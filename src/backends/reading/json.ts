import * as z from 'zod';

/** A line as the value it spells, or undefined. */
export function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

/** A secondary field of an unexpected shape must not cost the line. */
export const lenient = <T extends z.ZodType>(schema: T) => schema.nullish().catch(undefined);

/** A count of tokens; what is no such count is unknown. */
export const count = lenient(z.number().int().nonnegative());
