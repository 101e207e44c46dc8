import { randomUUID } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as after } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import { openProcesses, type ProcessesOptions } from '../../src/adapters/processes/processes.ts';
import type { Clock } from '../../src/ports/clock.ts';
import type { Processes, RunSpec } from '../../src/ports/processes.ts';
import { bundle } from './bundle.ts';

export const realClock: Clock = {
  now: Date.now,
  sleep: (ms, signal) => after(ms, undefined, signal ? { signal } : {}).catch(() => undefined),
};

/** A folder that goes away with the test. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'loopyard-test-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));
  return folder;
}

/** Looks until there is something to see. */
export async function eventually<T>(
  look: () => T | Promise<T>,
  patienceMs = 10_000,
): Promise<NonNullable<T>> {
  const deadline = Date.now() + patienceMs;
  for (;;) {
    const seen = await look();
    if (seen) return seen as NonNullable<T>;
    if (Date.now() > deadline) throw new Error(`Not seen within ${patienceMs} ms: ${look}`);
    await after(10);
  }
}

/** Real shims in a temporary folder. Whatever is left at the end of the test is stopped. */
export async function aRealWorld(
  options: Partial<
    Pick<ProcessesOptions, 'containment' | 'runsDir' | 'keeperArgv' | 'shimArgv' | 'env' | 'hidden'>
  > = {},
): Promise<{
  processes: Processes;
  runsDir: string;
  folder: string;
  shimArgv: readonly [string, ...string[]];
}> {
  const folder = temporaryFolder();
  const runsDir = options.runsDir ?? path.join(folder, 'runs');
  const entry = fileURLToPath(new URL('./shim-entry.ts', import.meta.url));
  const shimArgv = options.shimArgv ?? ([process.execPath, await bundle(entry)] as const);
  const processes = openProcesses({
    runsDir,
    shimArgv,
    keeperArgv: options.keeperArgv ?? [process.execPath, '--version'],
    env: options.env ?? { PATH: process.env.PATH },
    log: () => undefined,
    clock: realClock,
    containment: options.containment ?? 'process_group',
    hidden: options.hidden ?? [],
  });
  onTestFinished(async () => {
    for (const id of namesIn(runsDir)) await processes.stop(id, { graceMs: 0, cause: 'stopped' });
  });
  return { processes, runsDir, folder, shimArgv };
}

/** A spec that runs one of the programs in `fixtures/agents`. */
export function agent(name: string, args: readonly string[] = [], rest: Partial<RunSpec> = {}): RunSpec {
  const file = fileURLToPath(new URL(`../fixtures/agents/${name}.mjs`, import.meta.url));
  return {
    argv: [process.execPath, file, ...args],
    cwd: path.dirname(file),
    env: { PATH: process.env.PATH ?? '' },
    timeoutMs: 60_000,
    keepBytes: 64 * 1024,
    ...rest,
  };
}

/** An argument by which a test knows its own processes on a machine where others run the same programs. */
export function aTag(): string {
  return `tag-${randomUUID()}`;
}

/** Pids of the processes whose command line holds this text. */
export function processesWith(text: string): readonly number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((name) => {
      try {
        return readFileSync(`/proc/${name}/cmdline`, 'utf8').replaceAll('\0', ' ').includes(text);
      } catch {
        return false;
      }
    })
    .map(Number)
    .filter((pid) => pid !== process.pid);
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder).filter((name) => !name.startsWith('.'));
  } catch {
    return [];
  }
}

/** The run once its command has printed something. */
export async function running(processes: Processes, id: string) {
  return eventually(async () => {
    const view = await processes.observe(id);
    return view.phase === 'running' && view.activity.bytes > 0 ? view : undefined;
  });
}

/** What a file holds, once it holds something. */
export function readable(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8') || undefined;
  } catch {
    return undefined;
  }
}
