import type { Call, Tool, ToolRuntime } from '../tools/define.ts';

/** Everything an edge needs of the machine and of the product, put together by main. */
export interface Front {
  readonly version: string;
  /** What a model is told about loopyard when a session begins; at most 2 KB. */
  readonly instructions: string;
  /** All tools, in the order of the docs; an edge picks by role. */
  readonly tools: readonly Tool[];
  /** Opens the yard of a workspace; cheap the second time. Throws NO_WORKSPACE, NOT_A_REPOSITORY and the like. */
  open(workspace: string, client: string): Promise<Opened>;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  readonly home: string;
}

/** What the server needs: a client waits for the list of tools, so the tools themselves are loaded after it. */
export interface ServerFront extends Omit<Front, 'tools'> {
  tools(): Promise<readonly Tool[]>;
}

export interface Opened {
  readonly runtime: ToolRuntime;
  readonly checkout: Call['checkout'];
}
