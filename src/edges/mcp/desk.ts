import { asLoopyardError, LoopyardError } from '../../domain/errors.ts';
import type { Answer, Call, Tool, ToolRuntime } from '../../tools/define.ts';
import type { Opened, ServerFront } from '../front.ts';
import { stackOf } from '../stack.ts';
import { chooseWorkspace, noWorkspace, type Workspace } from '../workspace.ts';
import { limitProgress } from './progress.ts';
import { type Listing, listings } from './schema.ts';

/** Who is served, and as what. */
export interface Post {
  readonly role: 'strategist' | 'worker';
  /** The loop and worker a worker's server is bound to. */
  readonly bound?: { readonly loop: string; readonly worker: string };
  /** The --workspace flag of this process. */
  readonly workspace?: string;
  /** The list of tools as the build wrote it down; made from the tools where there is none. */
  readonly listed?: readonly Listing[];
}

/** What one request brings beside its arguments. */
export interface Request {
  readonly client: string;
  readonly codex: unknown;
  readonly signal: AbortSignal;
  roots?(): Promise<readonly string[]>;
  progress?(progress: number, message: string): void;
}

/** Where requests become calls: finds the yard, runs the tool, and can end all calls at once. */
export class Desk {
  readonly role: Post['role'];
  readonly #front: ServerFront;
  readonly #post: Post;
  readonly #log: (line: string) => void;
  readonly #calls = new Set<AbortController>();
  closing = false;

  constructor(front: ServerFront, post: Post, log: (line: string) => void) {
    this.#front = front;
    this.#post = post;
    this.#log = log;
    this.role = post.role;
  }

  /** The tools of this role; loaded when they are first needed. */
  async tools(): Promise<readonly Tool[]> {
    return (await this.#front.tools()).filter((tool) => tool.roles.includes(this.role));
  }

  async list(): Promise<readonly Listing[]> {
    return this.#post.listed ?? listings(await this.tools(), this.role);
  }

  async serve(tool: Tool, args: Record<string, unknown>, request: Request): Promise<Answer> {
    const ending = new AbortController();
    const cancel = () => ending.abort(request.signal.reason);
    request.signal.addEventListener('abort', cancel, { once: true });
    if (request.signal.aborted) cancel();
    if (this.closing) ending.abort();
    this.#calls.add(ending);
    const { progress } = request;
    const limited = limitProgress((count, message) => progress?.(count, message));
    let runtime: ToolRuntime | undefined;
    try {
      const opened = await this.#open(args, request);
      runtime = opened.runtime;
      const call: Call = {
        role: this.#post.role,
        client: request.client,
        checkout: opened.checkout,
        ...(this.#post.bound && { bound: this.#post.bound }),
        signal: ending.signal,
        progress: (message) => limited.tell(message),
      };
      return await tool.call(args, runtime, call);
    } catch (thrown) {
      throw this.#reported(tool, thrown, runtime, ending.signal);
    } finally {
      limited.stop();
      this.#calls.delete(ending);
      request.signal.removeEventListener('abort', cancel);
    }
  }

  /** Asks every call under way to end, and those that still come. */
  abort(): void {
    this.closing = true;
    for (const call of this.#calls) call.abort();
  }

  async #open(args: Record<string, unknown>, request: Request): Promise<Opened> {
    const { env, cwd, home } = this.#front;
    const workspace = await chooseWorkspace({
      argument: args.workspace,
      flag: this.#post.workspace,
      env,
      codex: request.codex,
      ...(request.roots && { roots: request.roots }),
      cwd,
      home,
    });
    try {
      return await this.#front.open(workspace.path, request.client);
    } catch (thrown) {
      throw explained(thrown, workspace);
    }
  }

  /** What a caller cannot mend is told to the developers, with its stack. */
  #reported(tool: Tool, thrown: unknown, rt: ToolRuntime | undefined, signal: AbortSignal): LoopyardError {
    const error = asLoopyardError(thrown);
    if (error.kind !== 'internal' || signal.aborted) return error;
    const message = `The tool ${tool.name} failed.`;
    if (rt) rt.log('error', message, { stack: stackOf(error) });
    else this.#log(`${message} ${stackOf(error)}`);
    return error;
  }
}

/** Nobody named the working directory, so that it is no checkout is not the caller's mistake but a lack of a name. */
function explained(thrown: unknown, workspace: Workspace): unknown {
  if (!(thrown instanceof LoopyardError)) return thrown;
  const { code, message, facts } = thrown;
  if (code !== 'NOT_A_REPOSITORY' && code !== 'NO_WORKSPACE' && code !== 'BARE_REPOSITORY') return thrown;
  if (workspace.guessed) return noWorkspace(`the server stands in ${workspace.path}, which is no checkout`);
  return new LoopyardError(code, `${message} (${workspace.path} comes from ${workspace.from}.)`, facts, {
    cause: thrown,
  });
}
