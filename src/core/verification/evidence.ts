import * as z from 'zod';
import { LoopyardError } from '../../domain/errors.ts';
import { Id } from '../../domain/ids.ts';
import { findingKinds } from '../../domain/verification/findings.ts';
import { fates } from '../../domain/verification/integrity.ts';
import { Isolation, Verdict } from '../../domain/verification/verification.ts';
import { RunEnd } from '../../domain/worker/run.ts';
import { evidenceFile } from '../places.ts';
import type { Runtime } from '../runtime.ts';

/** What the runners in one output counted. */
const counts = {
  format: z.string(),
  total: z.number().int(),
  passed: z.number().int(),
  failed: z.number().int(),
  skipped: z.number().int(),
};
const Report = z.strictObject({
  ...counts,
  runs: z.array(z.strictObject(counts)),
  failures: z.array(z.strictObject({ name: z.string(), message: z.string() })),
});

/** One run of one check. */
const RunRecord = z.strictObject({
  /** Run that keeps head and tail of the output: read_log shows it. */
  run: Id,
  end: RunEnd,
  /** The last of the output. Foreign text. */
  tail: z.string(),
  /** What we have to say about it. */
  note: z.string().optional(),
  report: Report.optional(),
  /** SHA-256 of the kept output. */
  digest: z.string().optional(),
  diskFull: z.literal(true).optional(),
});
export type RunRecord = z.infer<typeof RunRecord>;

/** What was run of one check: the run that counts, and the one before when it was tried again. */
export const CheckRecord = RunRecord.extend({ name: z.string(), first: RunRecord.optional() });
export type CheckRecord = z.infer<typeof CheckRecord>;

/** What happened in the room; the same for whoever judges the same tree with the same checks. */
export const Runs = z.strictObject({
  checks: z.array(CheckRecord),
  /** Tracked files that the checks left otherwise than they were. */
  altered: z.array(z.string()),
  /** Without walls: those that were written and are as they were again. */
  putBack: z.array(z.string()).optional(),
  isolation: Isolation,
  room: z
    .strictObject({
      origin: z.string(),
      rebuilt: z.string().optional(),
      pointers: z.array(z.string()).optional(),
    })
    .optional(),
  dependencies: z
    .strictObject({
      key: z.string(),
      parts: z.array(z.record(z.string(), z.union([z.string(), z.number()]))),
      notes: z.array(z.string()),
    })
    .optional(),
  /** Names of the environment variables the checks had. */
  environment: z.array(z.string()).optional(),
  /** Milliseconds for the parts of the way. */
  ms: z.record(z.string(), z.number()).optional(),
});
export type Runs = z.infer<typeof Runs>;

/** One record per verification: what was run on which tree, how it ended, and where the whole output lies. */
export const Evidence = z.strictObject({
  id: Id,
  kind: z.enum(['baseline', 'candidate', 'merge', 'commit']),
  loop: Id.optional(),
  commit: z.string(),
  /** Of the commit; `judged` is the tree that was in the room when that is another one. */
  tree: z.string(),
  judged: z.string().optional(),
  base: z.strictObject({ commit: z.string(), verification: Id.optional() }).optional(),
  verdict: Verdict,
  reason: z.string().optional(),
  notes: z.array(z.string()).optional(),
  ...Runs.partial().shape,
  isolation: Isolation,
  checks: z.array(
    CheckRecord.extend({
      argv: z.array(z.string()),
      /** As judged, which is not always what the exit code says. */
      passed: z.boolean(),
      /** Who said that this is to be run. */
      origin: z.string().optional(),
      flaky: z.literal(true).optional(),
      remark: z.string().optional(),
      /** Failing tests that failed on the base too, and those that did not. */
      preexisting: z.array(z.string()).optional(),
      fresh: z.array(z.string()).optional(),
    }),
  ),
  /** Checks that were not reached, because an earlier one did not pass. */
  notRun: z.array(z.string()),
  /** The first few hundred protected paths that the commit changes, and how many there are. */
  protected: z
    .strictObject({
      count: z.number().int(),
      changes: z.array(
        z.strictObject({ path: z.string(), kind: z.string(), rule: z.string(), fate: z.enum(fates) }),
      ),
    })
    .optional(),
  findings: z
    .array(z.strictObject({ kind: z.enum(findingKinds), path: z.string(), what: z.string() }))
    .optional(),
  /** The verification whose runs were used again, and what makes two alike. */
  reused: Id.optional(),
  key: z.string().optional(),
  tools: z.record(z.string(), z.string()).optional(),
  at: z.number().int(),
});
export type Evidence = z.infer<typeof Evidence>;

/** Reports of many failing tests take room. */
const mostBytes = 16 << 20;

export async function writeEvidence(rt: Pick<Runtime, 'files'>, evidence: Evidence): Promise<void> {
  await rt.files.write(evidenceFile(rt, evidence.id), JSON.stringify(evidence, null, 1));
}

/** Undefined when there is none; throws EVIDENCE_DAMAGED when what is there is not what was written. */
export async function readEvidence(
  rt: Pick<Runtime, 'files'>,
  verification: string,
): Promise<Evidence | undefined> {
  const text = await rt.files.read(evidenceFile(rt, verification), mostBytes);
  if (text === undefined) return undefined;
  try {
    return Evidence.parse(JSON.parse(text));
  } catch (cause) {
    const message = `The evidence of the verification "${verification}" is damaged.`;
    throw new LoopyardError('EVIDENCE_DAMAGED', message, { verification }, { cause });
  }
}

/** For whoever can do without: damaged is then as good as none, and is logged. */
export async function soundEvidence(
  rt: Pick<Runtime, 'files' | 'log'>,
  verification: string,
): Promise<Evidence | undefined> {
  try {
    return await readEvidence(rt, verification);
  } catch (thrown) {
    rt.log('warn', 'evidence cannot be read', { verification, error: String(thrown) });
    return undefined;
  }
}

/** Milliseconds before trying again after so many failures in a row that nobody's work caused: 2 s, 4 s … 5 min. */
export function backOff(failures: number): number {
  return Math.min(2_000 * 2 ** failures, 300_000);
}
