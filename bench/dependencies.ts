import { mkdir, rm } from 'node:fs/promises';
import { attachDependencies } from '../src/core/rooms/dependencies.ts';
import type { Room } from '../src/core/rooms/pristine.ts';
import { openYard } from '../src/open-yard.ts';

/** Dependencies of the product for a repository of the bench: rooms that hold nothing else. */
export async function dependenciesOfTheProduct(commonDir: string, program: string, env: NodeJS.ProcessEnv) {
  const self = { command: process.execPath, args: [program] };
  const rt = await openYard({ commonDir, name: 'bench', env, self, startsKeeper: false });
  const tree = await rt.git.treeOf((await rt.git.resolve('HEAD')) ?? '');
  let count = 0;
  return {
    async room(): Promise<Room> {
      count += 1;
      const folder = rt.files.join(rt.files.place, 'rooms', `r-${count}`);
      const at = (name: string) => rt.files.join(folder, name);
      const room = {
        id: `r-${count}`,
        folder,
        path: at('tree'),
        home: at('home'),
        temp: at('temp'),
        record: rt.files.join(rt.files.home, 'rooms', `r-${count}`),
      };
      await mkdir(room.path, { recursive: true });
      return { ...room, tree, origin: 'fresh' };
    },
    /** How the dependencies came into the room. */
    async attach(room: Room): Promise<string> {
      const { parts } = await attachDependencies(rt, room, tree, new AbortController().signal);
      return parts.map(({ how }) => how).join();
    },
    /** Without the spare copy that is made behind it: the bench says when. */
    detach: (room: Room) => rt.dependencies.release(room),
    async makeAhead(room: Room): Promise<void> {
      const text = await rt.files.read(rt.files.join(room.record, 'dependencies.json'));
      for (const { key } of JSON.parse(text ?? '').attached.parts) await rt.dependencies.makeAhead(key);
    },
    forget: (room: Room) => rm(room.folder, { recursive: true, force: true }),
    empty: () => rt.dependencies.trim(0),
  };
}
