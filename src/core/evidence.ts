import * as z from 'zod';
import { Id } from '../domain/ids.ts';
import { RunEnd } from '../domain/run.ts';
import { Isolation, Verdict } from '../domain/verification.ts';
import { evidenceFile } from './places.ts';
import type { Runtime } from './runtime.ts';

/** One record per verification: what was run on which tree, how it ended, and where the whole output lies. */
export const Evidence = z.strictObject({
  id: Id,
  kind: z.enum(['baseline', 'candidate', 'merge', 'commit']),
  loop: Id.optional(),
  commit: z.string(),
  tree: z.string(),
  verdict: Verdict,
  reason: z.string().optional(),
  isolation: Isolation,
  checks: z.array(
    z.strictObject({
      name: z.string(),
      argv: z.array(z.string()),
      passed: z.boolean(),
      end: RunEnd,
      /** Run that keeps head and tail of the output: read_log shows it. */
      run: Id,
      /** What we have to say about it. */
      note: z.string().optional(),
      /** The last of the output. Foreign text. */
      tail: z.string(),
    }),
  ),
  /** Checks that were not reached, because an earlier one did not pass. */
  notRun: z.array(z.string()),
  at: z.number().int(),
});
export type Evidence = z.infer<typeof Evidence>;

export async function writeEvidence(rt: Pick<Runtime, 'files'>, evidence: Evidence): Promise<void> {
  await rt.files.write(evidenceFile(rt, evidence.id), JSON.stringify(evidence, null, 1));
}

export async function readEvidence(
  rt: Pick<Runtime, 'files'>,
  verification: string,
): Promise<Evidence | undefined> {
  const text = await rt.files.read(evidenceFile(rt, verification));
  return text === undefined ? undefined : Evidence.parse(JSON.parse(text));
}

/** Milliseconds before trying again after so many failures in a row that nobody's work caused: 2 s, 4 s … 5 min. */
export function backOff(failures: number): number {
  return Math.min(2_000 * 2 ** failures, 300_000);
}
