import type { Fact, Usage } from '../../domain/worker/run.ts';

type Figure = number | null | undefined;

/** A report of usage with the figures that are known; none known is no report. */
export function usageFacts(input: Figure, output: Figure, cost?: Figure): Fact[] {
  const usage: Usage = {
    ...(input == null ? {} : { inputTokens: input }),
    ...(output == null ? {} : { outputTokens: output }),
    ...(cost == null ? {} : { costUsd: cost }),
  };
  return Object.keys(usage).length > 0 ? [{ type: 'usage', usage }] : [];
}
