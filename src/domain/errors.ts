/** Who can mend an error, and with which exit code the command line reports it. */
export const errorKinds = {
  input: { exitCode: 2, mendedBy: 'the caller, now' },
  conflict: { exitCode: 3, mendedBy: 'time, or another session' },
  environment: { exitCode: 4, mendedBy: 'the person at the machine' },
  internal: { exitCode: 70, mendedBy: 'the developers of loopyard' },
} as const;

export type ErrorKind = keyof typeof errorKinds;

/** Every error a user can meet. The hint says what would be right, in general; the message says it for the case. */
export const errorCodes = {
  INVALID_ARGUMENT: { kind: 'input', hint: 'Correct the named argument and call again.' },
  INVALID_CONFIG: { kind: 'input', hint: 'Correct the named setting. Nothing was started.' },
  UNKNOWN_ID: { kind: 'input', hint: 'List what exists with status (command line: loopyard loops).' },
  REMOVED: {
    kind: 'input',
    hint: 'It is gone for good. The settings keep_days, keep_gb and keep_history_days say how long things are kept.',
  },
  NO_WORKSPACE: { kind: 'input', hint: 'Pass workspace: the absolute path of a git checkout.' },
  NOT_A_REPOSITORY: {
    kind: 'input',
    hint: 'Pass workspace: a path inside a git repository, or run git init there.',
  },
  BARE_REPOSITORY: {
    kind: 'input',
    hint: 'Pass workspace: a checkout of this repository, not the bare repository.',
  },
  EMPTY_REPOSITORY: { kind: 'input', hint: 'Make a first commit, then open the loop.' },
  UNKNOWN_COMMIT: { kind: 'input', hint: 'Name a branch, tag or commit that exists in this repository.' },
  UNKNOWN_BACKEND: { kind: 'input', hint: 'Choose one of the backends named in the message.' },
  WRONG_STATE: { kind: 'input', hint: 'Look at status and do what its next line says.' },
  NOT_ALLOWED_HERE: { kind: 'input', hint: 'Ask the strategist: a worker acts on its own loop only.' },
  ILLEGAL_TRANSITION: { kind: 'conflict', hint: 'Look at status: the state changed meanwhile.' },
  LOOP_LIMIT: { kind: 'conflict', hint: 'Finish or stop a loop, raise max_loops, or pass force: true.' },
  LEASE_HELD: { kind: 'conflict', hint: 'Wait for the holder, use a worktree, or stop the holder.' },
  FENCED: { kind: 'conflict', hint: 'Another process took over; this one stops acting.' },
  INTERRUPTED: { kind: 'conflict', hint: 'Ask again when the answer is wanted after all.' },
  BUSY: { kind: 'conflict', hint: 'Try again in a moment.' },
  GIT_MISSING: { kind: 'environment', hint: 'Install git 2.38 or newer and make sure it is on PATH.' },
  GIT_FAILED: { kind: 'environment', hint: 'Run the git command by hand to see why it fails.' },
  ROOM_INCOMPLETE: {
    kind: 'environment',
    hint: 'Run the command named in the message in the repository, then verify again.',
  },
  SETUP_FAILED: {
    kind: 'environment',
    hint: 'Look at the output of the named run with read_log (command line: loopyard log <run>) and mend its cause.',
  },
  BACKEND_MISSING: { kind: 'environment', hint: 'Install the program, or choose another backend.' },
  SANDBOX_MISSING: {
    kind: 'environment',
    hint: 'Install bubblewrap and allow it to run, or set sandbox to auto.',
  },
  STATE_UNWRITABLE: { kind: 'environment', hint: 'Make the directory writable for this user.' },
  STATE_UNSAFE: {
    kind: 'environment',
    hint: 'loopyard uses only a directory of its own, owned by this user, mode 0700.',
  },
  STATE_UNSUITABLE: { kind: 'environment', hint: 'Move the repository to a local file system.' },
  STATE_TOO_NEW: { kind: 'environment', hint: 'Install the loopyard version named in the message.' },
  STATE_CORRUPT: {
    kind: 'environment',
    hint: 'Nothing was changed; bytes that were damaged are kept in quarantine/.',
  },
  EVIDENCE_DAMAGED: {
    kind: 'environment',
    hint: 'Verify again: checks are run anew where their evidence cannot be read.',
  },
  DISK_FULL: {
    kind: 'environment',
    hint: 'Free some space. Running loops may finish; no new ones are opened.',
  },
  INTERNAL: {
    kind: 'internal',
    hint: 'This is a bug in loopyard. Please report it with loopyard keeper --log.',
  },
} as const satisfies Record<string, { kind: ErrorKind; hint: string }>;

export type ErrorCode = keyof typeof errorCodes;

/** Details a machine can act on: who holds it, until when, which values are allowed. */
export type Facts = Readonly<Record<string, string | number | boolean | readonly string[] | undefined>>;

/**
 * The only error loopyard throws on purpose. The message is ours, complete and in plain words: what was wrong, with
 * which value. Foreign text travels as `cause` or as evidence, never in the message, because a message is a prompt.
 */
export class LoopyardError extends Error {
  readonly code: ErrorCode;
  readonly facts: Facts;

  constructor(code: ErrorCode, message: string, facts: Facts = {}, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'LoopyardError';
    this.code = code;
    this.facts = facts;
  }

  get kind(): ErrorKind {
    return errorCodes[this.code].kind;
  }

  get hint(): string {
    return errorCodes[this.code].hint;
  }
}

/** The caller asked for what cannot be, and mends it now. */
export function invalid(sentence: string): LoopyardError {
  return new LoopyardError('INVALID_ARGUMENT', sentence);
}

/** Anything thrown, as one of ours: what we did not expect is our own fault and says so. */
export function asLoopyardError(thrown: unknown): LoopyardError {
  if (thrown instanceof LoopyardError) return thrown;
  return new LoopyardError('INTERNAL', 'loopyard failed in a way it did not foresee.', {}, { cause: thrown });
}
