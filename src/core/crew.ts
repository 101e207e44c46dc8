import { asLoopyardError, type LoopyardError } from '../domain/errors.ts';
import type { Runtime } from './runtime.ts';
import { backOff } from './verification/evidence.ts';

type Rt = Pick<Runtime, 'store' | 'clock' | 'log'>;

/** Tells of a failure: the error, and how many there have been in a row. */
type OnFailure = (error: LoopyardError, failures: number) => Promise<void>;

interface Trouble {
  readonly failures: number;
  readonly notBefore: number;
}

/**
 * At most one task per subject at a time. A subject whose task failed is left alone for a while, longer each time, and
 * the failure is told; a task that was fenced ends everything.
 */
export class Crew {
  readonly #rt: Rt;
  readonly #signal: AbortSignal;
  readonly #tasks = new Map<string, Promise<void>>();
  readonly #troubles = new Map<string, Trouble>();
  readonly #onChange: () => void;
  #fenced: LoopyardError | undefined;

  /** `onChange`: something was recorded while a task ran, so it is time to look again; merely having looked is not. */
  constructor(rt: Rt, signal: AbortSignal, onChange: () => void) {
    this.#rt = rt;
    this.#signal = signal;
    this.#onChange = onChange;
  }

  send(subject: string, task: (signal: AbortSignal) => Promise<void>, onFailure?: OnFailure): void {
    if (this.#tasks.has(subject)) return;
    if ((this.#troubles.get(subject)?.notBefore ?? 0) > this.#rt.clock.now()) return;
    this.#tasks.set(subject, this.#follow(subject, task, onFailure));
  }

  /** How many subjects with this prefix are being worked on. */
  busy(prefix: string): number {
    return [...this.#tasks.keys()].filter((subject) => subject.startsWith(prefix)).length;
  }

  get isFree(): boolean {
    return this.#tasks.size === 0;
  }

  throwIfFenced(): void {
    if (this.#fenced) throw this.#fenced;
  }

  async settle(): Promise<void> {
    await Promise.allSettled(this.#tasks.values());
  }

  async #follow(...order: Parameters<Crew['send']>): Promise<void> {
    const before = await this.#position();
    await this.#run(...order);
    this.#tasks.delete(order[0]);
    if (this.#fenced || (await this.#position()) !== before) this.#onChange();
  }

  /** A store that cannot be read is met, and told, by whoever asked for the task. */
  #position(): Promise<number> {
    return this.#rt.store.read().then(
      ({ seq }) => seq,
      () => -1,
    );
  }

  async #run(
    subject: string,
    task: (signal: AbortSignal) => Promise<void>,
    onFailure?: OnFailure,
  ): Promise<void> {
    try {
      await task(this.#signal);
      this.#troubles.delete(subject);
    } catch (thrown) {
      if (this.#signal.aborted) return;
      const error = asLoopyardError(thrown);
      if (error.code === 'FENCED') {
        this.#fenced = error;
        return;
      }
      const failures = (this.#troubles.get(subject)?.failures ?? 0) + 1;
      this.#troubles.set(subject, { failures, notBefore: this.#rt.clock.now() + backOff(failures - 1) });
      this.#rt.log('error', error.message, {
        subject,
        code: error.code,
        facts: error.facts,
        cause: describe(error.cause),
      });
      await onFailure?.(error, failures).catch((second) =>
        this.#rt.log('error', 'the failure could not be recorded', { second: describe(second) }),
      );
    }
  }
}

function describe(cause: unknown): string | undefined {
  if (cause instanceof Error) return cause.stack ?? cause.message;
  return cause === undefined ? undefined : String(cause);
}

/** Wakes one waiter; a ring while nobody waits is remembered. */
export class Bell {
  #rung = false;
  #wake: (() => void) | undefined;

  ring(): void {
    this.#rung = true;
    this.#wake?.();
  }

  /** Resolves at the next ring, or after so many milliseconds. */
  async wait(sleep: (ms: number, signal?: AbortSignal) => Promise<void>, ms: number): Promise<void> {
    if (!this.#rung) {
      const alarm = new AbortController();
      const rung = new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      await Promise.race([rung, sleep(ms, alarm.signal)]);
      alarm.abort();
    }
    this.#wake = undefined;
    this.#rung = false;
  }
}
