import type { LoopyardError } from '../domain/errors.ts';

/** Where an unforeseen failure began, for the log; never for an answer. */
export function stackOf(error: LoopyardError): string {
  const { cause } = error;
  return (cause instanceof Error ? cause.stack : undefined) ?? String(cause ?? error.stack);
}
