import { type Answer, aSession, type Session } from '../support/mcp-client.ts';
import type { ScratchProject } from '../support/scratch-project.ts';
import { pause } from './nemesis.ts';

/** What was acknowledged, as those who got the answers wrote it down. */
export interface Witnessed {
  /** Idempotency key to loop. */
  readonly opened: Map<string, string>;
  readonly told: { loop: string; text: string }[];
  readonly stopped: string[];
  readonly verdicts: { verification: string; verdict: string }[];
  refused: number;
  /** Calls whose server was killed before it answered: either way is right. */
  broken: number;
}

interface Match {
  readonly project: ScratchProject;
  readonly side: string;
  readonly index: number;
  readonly over: { readonly yet: boolean };
  readonly witnessed: Witnessed;
  readonly command: string;
}

/** A session that never rests: when its server is killed, it starts another and asks again with the same key. */
export class Player {
  readonly #match: Match;
  #session: Session | undefined;
  #calls = 0;

  constructor(match: Match) {
    this.#match = match;
  }

  async play(): Promise<void> {
    const { over } = this.#match;
    while (!over.yet) {
      const luck = Math.random();
      if (luck < 0.3) await this.#open();
      else if (luck < 0.5) await this.#tell();
      else if (luck < 0.6) await this.#stop();
      else if (luck < 0.7) await this.#verify();
      else await this.#help();
      await pause(100 + Math.random() * 300);
    }
    await this.#session?.close().catch(() => undefined);
  }

  async #open(): Promise<void> {
    const { index, side, command, witnessed } = this.#match;
    const key = `open-${index}-${this.#calls}`;
    const inPlace = Math.random() < 0.3;
    const plan = {
      goal: `be number ${index} ${this.#calls}`,
      checks: ['node all-final.mjs'],
      command,
      idempotency_key: key,
      target: 'main',
      auto_merge: Math.random() < 0.8,
      ...(inPlace
        ? { isolation: 'in_place', workspace: side, on_busy: pick(['wait', 'fail', 'worktree']) }
        : {}),
    };
    let answer = await this.#ask('start_loop', plan);
    for (let again = 0; answer === undefined && again < 5; again += 1)
      answer = await this.#ask('start_loop', plan);
    if (answer && !answer.error) witnessed.opened.set(key, String(answer.loop));
  }

  async #tell(): Promise<void> {
    const loop = await this.#anyLoop();
    if (loop === undefined) return;
    const text = `message ${this.#match.index}-${this.#calls}`;
    const answer = await this.#ask('steer', { loop, action: 'message', text });
    if (answer && !answer.error) this.#match.witnessed.told.push({ loop, text });
  }

  async #stop(): Promise<void> {
    const loop = await this.#anyLoop();
    if (loop === undefined) return;
    const answer = await this.#ask('shutdown', { loop, wait_s: pick([0, 5]), now: Math.random() < 0.5 });
    if (answer && !answer.error) this.#match.witnessed.stopped.push(loop);
  }

  async #verify(): Promise<void> {
    const answer = await this.#ask('verify', { ref: 'main', checks: ['node all-final.mjs'], wait_s: 10 });
    if (!answer || answer.error) return;
    this.#match.witnessed.verdicts.push({
      verification: String(answer.verification),
      verdict: String(answer.verdict),
    });
  }

  /** Does what a strategist would: merges what passed, lets go on what is held. */
  async #help(): Promise<void> {
    const answer = await this.#ask('status', {});
    for (const { id, state, hold } of (answer?.loops ?? []) as {
      id: string;
      state: string;
      hold?: string;
    }[]) {
      if (hold) await this.#ask('steer', { loop: id, action: 'resume' });
      else if (state === 'verified') await this.#ask('merge', { loop: id, wait_s: 0 });
    }
  }

  async #anyLoop(): Promise<string | undefined> {
    const answer = await this.#ask('status', {});
    const live = ((answer?.loops ?? []) as { id: string; state: string }[]).filter(
      ({ state }) => !['landed', 'cancelled', 'closed'].includes(state),
    );
    return live.length > 0 ? pick(live).id : undefined;
  }

  /** The answer, a refusal as it is, or undefined when nobody answered. */
  async #ask(tool: string, args: Answer): Promise<Answer | undefined> {
    this.#calls += 1;
    const { project, witnessed, index } = this.#match;
    try {
      this.#session ??= await aSession(project, { era: index % 2 === 0 ? 'legacy' : 'modern' });
      const answer = await this.#session.any(tool, args);
      if (answer.error) witnessed.refused += 1;
      if (answer.error === 'INTERNAL') throw new Error(`INTERNAL: ${JSON.stringify(answer)}`);
      return answer;
    } catch (thrown) {
      if (String(thrown).includes('INTERNAL')) throw thrown;
      witnessed.broken += 1;
      await this.#session?.close().catch(() => undefined);
      this.#session = undefined;
      return undefined;
    }
  }
}

function pick<T>(list: readonly T[]): T {
  return list[Math.floor(Math.random() * list.length)] as T;
}
