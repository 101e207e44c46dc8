import * as z from 'zod';
import { LoopyardError } from '../errors.ts';
import { Id } from '../ids.ts';
import { defineMachine, type MoveOf } from '../machine.ts';
import { RunEnd } from '../worker/run.ts';

export const verificationMachine = defineMachine('verification', {
  requested: { started: 'running', cancelled: 'cancelled' },
  running: {
    passed: 'passed',
    failed: 'failed',
    inconclusive: 'inconclusive',
    tampered: 'tampered',
    cancelled: 'cancelled',
  },
  passed: {},
  failed: {},
  inconclusive: {},
  tampered: {},
  cancelled: {},
});
export type VerificationMove = MoveOf<typeof verificationMachine>;

export const verdicts = ['passed', 'failed', 'inconclusive', 'tampered'] as const;
export const Verdict = z.enum(verdicts);
export type Verdict = z.infer<typeof Verdict>;

/** One command of a verification. It comes from the caller who opened the loop, never from the candidate. */
export const Check = z.strictObject({
  /** Shown to people and models; the command line itself unless it was given a name. */
  name: z.string().min(1).max(200),
  argv: z.tuple([z.string().min(1)], z.string()),
  /** Folder below the root of the checkout. */
  cwd: z.string().max(1_000).optional(),
  timeoutMs: z.number().int().positive(),
  /** Whether it reaches the network from its sandbox; absent: as configured, and for installers. */
  network: z.boolean().optional(),
  /** Where its command line comes from: the caller's own words, or a name of the user's configuration. */
  origin: z.enum(['call', 'configuration']).optional(),
});
export type Check = z.infer<typeof Check>;

export const CheckResult = z.strictObject({
  name: z.string(),
  /** Id of the run that holds the whole kept output. */
  run: Id,
  end: RunEnd,
  /** What we have to say about it, in our own words: that it lacked a network. */
  note: z.string().max(500).optional(),
  /** Said when it is not what the exit code says: see domain/judgement.ts. */
  judged: z.enum(['passed', 'failed']).optional(),
  /** Two runs of the same files ended differently. */
  flaky: z.literal(true).optional(),
});
export type CheckResult = z.infer<typeof CheckResult>;

/**
 * How well the verified tree was kept from the worker. `evident`: private object store, fresh directory, clean
 * environment. `sandboxed`: behind walls as well, by bubblewrap. `none`: no room could be made.
 */
export const Isolation = z.enum(['none', 'evident', 'sandboxed']);

/** The short form of what the evidence holds; foreign names in it are cut. */
export const Remarks = z.strictObject({
  /** What else a reader must know, in sentences. */
  notes: z.array(z.string().max(400)).max(12).optional(),
  /** Protected files that the commit has otherwise than they were judged: the first of them, and how many. */
  overruled: z
    .strictObject({ paths: z.array(z.string().max(200)).max(10), count: z.number().int() })
    .optional(),
  /** The verification whose runs were used again. */
  reused: Id.optional(),
});
export type Remarks = z.infer<typeof Remarks>;

export const Verification = z.strictObject({
  id: Id,
  state: verificationMachine.schema,
  /** What it is for. `commit`: asked for on its own, without a loop. */
  kind: z.enum(['baseline', 'candidate', 'merge', 'commit']),
  loop: Id.optional(),
  commit: z.string(),
  checks: z.array(Check).min(1),
  /** Stop at the first check that does not pass. */
  failFast: z.boolean(),
  /** Commit it is compared with: protected files are judged as they are there. */
  base: z.string().optional(),
  /** Verification of that base, with whose results this one's are compared. It ends before this one starts. */
  baseline: Id.optional(),
  /** Globs of protected files that may change, because that is the goal. */
  allowChanges: z.array(z.string().max(250)).max(50).optional(),
  ignorePreexisting: z.literal(true).optional(),
  /** Run everything again, although it may be known how it ends. */
  fresh: z.literal(true).optional(),
  requestedAt: z.number().int(),
  startedAt: z.number().int().optional(),
  endedAt: z.number().int().optional(),
  results: z.array(CheckResult),
  isolation: Isolation.optional(),
  /** Why it is no plain pass, in plain words. */
  reason: z.string().optional(),
  /** Checks that may run side by side; absent: as configured. */
  parallel: z.number().int().positive().optional(),
  /** First of the block of ports that are its own while it runs. */
  ports: z.number().int().positive().optional(),
  /** Names of the checks that run at the moment, how many came before, and since when. */
  progress: z
    .strictObject({ checks: z.array(z.string()), before: z.number().int(), since: z.number().int() })
    .optional(),
  ...Remarks.shape,
});
export type Verification = z.infer<typeof Verification>;

const ended = { id: Id, results: z.array(CheckResult), isolation: Isolation, ...Remarks.shape };
const reason = z.string().optional();
export const verificationEvents = [
  z.strictObject({
    type: z.literal('verification.requested'),
    verification: Verification.omit({ state: true, requestedAt: true, results: true }),
  }),
  z.strictObject({ type: z.literal('verification.started'), id: Id }),
  z.strictObject({
    type: z.literal('verification.ports_leased'),
    id: Id,
    ports: z.number().int().positive(),
  }),
  /** For whoever watches; recorded only where there are several checks. */
  z.strictObject({
    type: z.literal('verification.progressed'),
    id: Id,
    checks: z.array(z.string()).max(20),
    before: z.number().int().nonnegative(),
  }),
  z.strictObject({ type: z.literal('verification.passed'), ...ended, reason }),
  z.strictObject({ type: z.literal('verification.failed'), ...ended, reason }),
  z.strictObject({ type: z.literal('verification.tampered'), ...ended, reason: z.string() }),
  z.strictObject({ type: z.literal('verification.inconclusive'), ...ended, reason: z.string() }),
  z.strictObject({ type: z.literal('verification.cancelled'), id: Id, reason: z.string() }),
  /** Leaves the live state; its evidence stays on disk for as long as the settings keep it. */
  z.strictObject({ type: z.literal('verification.archived'), id: Id }),
] as const;
export type VerificationEvent = z.infer<(typeof verificationEvents)[number]>;

export function applyToVerification(
  verification: Verification | undefined,
  event: VerificationEvent,
  at: number,
): Verification | undefined {
  if (event.type === 'verification.requested') {
    return { ...event.verification, state: 'requested', requestedAt: at, results: [] };
  }
  if (!verification) return undefined;
  if (event.type === 'verification.archived') {
    if (verificationMachine.isEnd(verification.state)) return undefined;
    const message = `The verification "${event.id}" is ${verification.state} and cannot be archived.`;
    throw new LoopyardError('WRONG_STATE', message, { id: event.id });
  }
  if (event.type === 'verification.ports_leased') return { ...verification, ports: event.ports };
  if (event.type === 'verification.progressed') {
    const { checks, before } = event;
    return { ...verification, progress: { checks, before, since: at } };
  }
  const state = verificationMachine.step(verification.state, moveOf(event));
  switch (event.type) {
    case 'verification.started':
      return { ...verification, state, startedAt: at };
    case 'verification.cancelled':
      return { ...verification, state, endedAt: at, reason: event.reason };
    case 'verification.passed':
    case 'verification.failed':
    case 'verification.tampered':
    case 'verification.inconclusive': {
      const { type: _type, id: _id, reason, ...said } = event;
      return { ...verification, ...said, state, endedAt: at, ...(reason === undefined ? {} : { reason }) };
    }
  }
}

function moveOf(event: VerificationEvent): VerificationMove {
  return event.type.slice('verification.'.length) as VerificationMove;
}

/** 126 and 127 are how shells and their like say that a program could not be run or was not found. */
export function started(end: RunEnd): boolean {
  return end.cause !== 'not_started' && end.exitCode !== 126 && end.exitCode !== 127;
}

/** Whether a check counts as passed, which is not always what its exit code says. */
export function checkPassed({ end, judged }: CheckResult): boolean {
  return judged === undefined ? passed(end) : judged === 'passed';
}

/** Whether it still has to wait for the verification of its base. */
export function waitsForBaseline(
  { baseline }: Pick<Verification, 'baseline'>,
  all: Readonly<Record<string, Verification>>,
): boolean {
  const before = baseline !== undefined && Object.hasOwn(all, baseline) ? all[baseline] : undefined;
  return before !== undefined && !verificationMachine.isEnd(before.state);
}

export function passed(end: RunEnd): boolean {
  return end.cause === 'exited' && end.exitCode === 0;
}
