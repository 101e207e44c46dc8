import { findLoop } from '../core/registry.ts';
import { refuseRemoved } from '../core/retention/removed.ts';
import { openRendering, type Rendering } from '../core/workers/transcript.ts';
import { isEnded } from '../domain/loop.ts';
import { plain } from '../domain/text.ts';
import type { ToolRuntime } from './define.ts';
import { own } from './own.ts';

/** How often a log is looked at for more, milliseconds. */
const lookMs = 250;
const pageBytes = 65_536;

interface Shown {
  readonly run: string;
  readonly rendering: Rendering;
  offset: number;
}

/**
 * What the newest worker of a loop did and, when following, every worker after it, until the loop has ended or the
 * signal says stop: readable, or raw as its program printed it. All of a worker comes before the next one begins.
 */
export async function* printedBy(
  rt: ToolRuntime,
  id: string,
  { follow, raw }: { readonly follow: boolean; readonly raw: boolean },
  signal: AbortSignal,
): AsyncGenerator<string> {
  let shown: Shown | undefined;
  for (;;) {
    const loop = await findLoop(rt, id);
    if (shown) yield* newTextOf(rt, shown, raw);
    if (loop.worker !== undefined && loop.worker !== shown?.run) {
      if (shown && !raw) yield shown.rendering.end();
      if ((await rt.processes.observe(loop.worker)).phase === 'absent') await refuseRemoved(rt, loop.worker);
      const worker = own((await rt.store.read()).workers, loop.worker);
      const backend = rt.backends.get(worker?.backend ?? loop.backend);
      shown = {
        run: loop.worker,
        offset: 0,
        rendering: openRendering(backend, rt.clock.now, worker?.resumed?.session),
      };
      const who = worker?.name === undefined ? loop.worker : `${worker.name} (${loop.worker})`;
      yield `── iteration ${loop.iteration}, ${who}\n`;
      yield* newTextOf(rt, shown, raw);
    }
    if (!follow || isEnded(loop) || signal.aborted) break;
    await rt.clock.sleep(lookMs, signal);
  }
  if (shown && !raw) yield shown.rendering.end();
}

async function* newTextOf(rt: ToolRuntime, shown: Shown, raw: boolean): AsyncGenerator<string> {
  for (;;) {
    const page = await rt.processes.page(shown.run, shown.offset, pageBytes);
    if (page.next === shown.offset) return;
    yield raw ? plain(page.text) : shown.rendering.add(page.text);
    shown.offset = page.next;
  }
}
