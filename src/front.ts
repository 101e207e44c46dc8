import { existsSync, statSync } from 'node:fs';
import { gitFinder } from './adapters/git/finder.ts';
import type { Opened, ServerFront } from './edges/front.ts';
import type { OpenOptions } from './open-yard.ts';
import type { Checkout, GitFinder } from './ports/git.ts';
import type { ToolRuntime } from './tools/define.ts';

/** How often a session looks whether the keeper of a yard with work is still there, milliseconds. */
const keeperWatchMs = 5_000;

async function open(options: Omit<OpenOptions, 'self'>): Promise<ToolRuntime> {
  const { openYard, selfCommand } = await import('./open-yard.ts');
  return openYard({ ...options, self: selfCommand() });
}

/** The yards this process has opened, by the git directory of their repository. */
export type OpenYards = Map<string, Promise<ToolRuntime>>;

export interface FrontOptions {
  readonly version: string;
  readonly instructions: string;
  readonly cwd: string;
  readonly home: string;
  /** A worker's process: it never starts a keeper. */
  readonly inside: boolean;
}

/**
 * What both edges stand on: the tools, and yards that are opened once per repository and process. Both are loaded when
 * they are first needed: a client waits for the list of tools, and the list needs neither.
 */
export function openFront(options: FrontOptions): {
  front: ServerFront;
  opened: OpenYards;
} {
  const locate = remembering(gitFinder({ env: process.env }));
  const opened: OpenYards = new Map();
  const front: ServerFront = {
    version: options.version,
    instructions: options.instructions,
    cwd: options.cwd,
    home: options.home,
    env: process.env,
    tools: async () => (await import('./tools/index.ts')).tools,
    async open(workspace, client): Promise<Opened> {
      const checkout = await locate(workspace);
      const { commonDir } = checkout;
      let runtime = opened.get(commonDir);
      if (!runtime) {
        runtime = open({ commonDir, name: client, env: process.env, startsKeeper: !options.inside });
        opened.set(commonDir, runtime);
        runtime.catch(() => opened.delete(commonDir));
      }
      return { runtime: await runtime, checkout };
    },
  };
  return { front, opened };
}

/**
 * Finds each checkout once: git costs more than everything else in a call that only reads. What was found holds as long
 * as the same directories are still there.
 */
function remembering(finder: GitFinder): GitFinder['locate'] {
  const known = new Map<string, { key: string | undefined; checkout: Checkout }>();
  return async (workspace) => {
    const key = keyOf(workspace);
    const found = known.get(workspace);
    if (
      found &&
      key === found.key &&
      keyOf(found.checkout.path) === found.checkout.key &&
      keyOf(found.checkout.commonDir)
    ) {
      return found.checkout;
    }
    const checkout = await finder.locate(workspace);
    known.set(workspace, { key, checkout });
    return checkout;
  };
}

function keyOf(directory: string): string | undefined {
  const stat = statSync(directory, { throwIfNoEntry: false, bigint: true });
  return stat && `${stat.dev}:${stat.ino}`;
}

/**
 * While a session lives, a yard with work has a keeper: one that was killed is replaced even if nobody calls anything.
 * Returns the function that ends the watch.
 */
export function keepKeepers(opened: OpenYards): () => void {
  const timer = setInterval(() => void lookAtKeepers(opened), keeperWatchMs);
  timer.unref();
  return () => clearInterval(timer);
}

/** One look at each yard. Whose repository is gone is forgotten, and one that fails does not keep us from the others. */
export async function lookAtKeepers(opened: OpenYards): Promise<void> {
  const { isIdle } = await import('./domain/next.ts');
  for (const [commonDir, yard] of opened) {
    try {
      const rt = await yard;
      if (!existsSync(commonDir)) {
        opened.delete(commonDir);
        await rt.store.close();
        continue;
      }
      const idle = isIdle(await rt.store.read(), rt.clock.now(), rt.config.archive_after_minutes * 60_000);
      if (!idle) await rt.wakeKeeper();
    } catch {
      // The next call of a tool meets the same failure and has somebody to tell.
    }
  }
}
