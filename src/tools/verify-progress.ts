import { brief } from '../domain/text.ts';
import type { Verification } from '../domain/verification/verification.ts';
import type { Call, ToolRuntime } from './define.ts';
import { own } from './own.ts';

const tickMs = 1_000;

/** Tells a waiting client once a second what runs, until the signal. */
export async function tellHow(
  rt: Pick<ToolRuntime, 'store' | 'clock' | 'processes'>,
  call: Pick<Call, 'progress' | 'signal'>,
  ids: readonly string[],
  signal: AbortSignal,
): Promise<void> {
  const either = AbortSignal.any([signal, call.signal]);
  while (!either.aborted) {
    // Whoever waits beside us meets what is wrong with the yard; a line that cannot be told is no failure.
    const line = await lineOf(rt, ids).catch(() => undefined);
    if (line !== undefined && !either.aborted) call.progress(line);
    await rt.clock.sleep(tickMs, either);
  }
}

async function lineOf(
  rt: Pick<ToolRuntime, 'store' | 'clock' | 'processes'>,
  ids: readonly string[],
): Promise<string | undefined> {
  const { verifications } = await rt.store.read();
  const open = ids.flatMap((id) => {
    const verification = own(verifications, id);
    return verification?.state === 'running' || verification?.state === 'requested' ? [verification] : [];
  });
  const [first] = open;
  if (!first) return undefined;
  const before = own(verifications, first.baseline);
  const onBase = before?.state === 'running' || before?.state === 'requested';
  const now = onBase ? before : first;
  const rest = open.length > 1 ? `, ${open.length - 1} more wait` : '';
  return `${onBase ? 'base ' : ''}${now.commit.slice(0, 12)}: ${await stepOf(rt, now)}${rest}`;
}

/** The checks that run now, each with its seconds; before the first, that the room is made. */
async function stepOf(
  { processes, clock }: Pick<ToolRuntime, 'processes' | 'clock'>,
  { id, state, checks }: Verification,
): Promise<string> {
  if (state === 'requested') return 'waits for its turn';
  const runs = checks.flatMap(({ name }, at) =>
    [`${id}-${at + 1}`, `${id}-${at + 1}-again`].map((run) => ({ name, run })),
  );
  const views = await Promise.all(
    runs.map(async ({ name, run }) => ({ name, view: await processes.observe(run) })),
  );
  const running = views.flatMap(({ name, view }) =>
    view.phase === 'running'
      ? [`${brief(name, 40)} ${Math.round((clock.now() - view.activity.startedAt) / 1_000)} s`]
      : [],
  );
  if (running.length > 0) return running.join(', ');
  return views.some(({ view }) => view.phase !== 'absent') ? 'between two checks' : 'its room is made';
}
