import { end, type ScratchProject } from '../support/scratch-project.ts';
import { pause } from './nemesis.ts';

export type Blows = Record<'server' | 'keeper' | 'shim' | 'worker' | 'freeze', number>;

/** Kills one of the program's processes every half second or so, and freezes one now and then. */
export async function attack(
  project: ScratchProject,
  over: { readonly yet: boolean },
  blows: Blows,
): Promise<void> {
  const thaws: Promise<void>[] = [];
  while (!over.yet) {
    await pause(200 + Math.random() * 700);
    const kinds = {
      server: project.running('bin.js mcp'),
      keeper: project.keepers(),
      shim: project.running('bin.js shim'),
      worker: project.running('one-of-many').filter(({ command }) => !command.includes('bwrap')),
    };
    const names = (Object.keys(kinds) as (keyof typeof kinds)[]).filter((kind) => kinds[kind].length > 0);
    const kind = names[Math.floor(Math.random() * names.length)];
    if (kind === undefined) continue;
    const victim = kinds[kind][Math.floor(Math.random() * kinds[kind].length)];
    if (victim === undefined) continue;
    if (kind !== 'worker' && Math.random() < 0.2) {
      end(victim.pid, 'SIGSTOP');
      blows.freeze += 1;
      thaws.push(pause(300 + Math.random() * 2_500).then(() => end(victim.pid, 'SIGCONT')));
    } else {
      end(victim.pid);
      blows[kind] += 1;
    }
  }
  await Promise.all(thaws);
}
