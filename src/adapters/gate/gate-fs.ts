import nodeFs from 'node:fs';

/**
 * The file system as proper-lockfile sees it. The library removes lock directories when it releases, when it takes
 * over, and when the process exits, and never asks whose they are. Here the one call it removes them with asks first,
 * so all three ways keep to the rule: only our own lock, or one that says no owner. `mayRemove` also takes our owner
 * file away, before the directory, so that it can never be the next owner's. The directory goes with whatever somebody
 * put into it: otherwise it would stay closed for ever.
 */
export function guardedFs(mayRemove: () => boolean): object {
  const refused = () => Object.assign(new Error('The lock belongs to somebody else.'), { code: 'EPERM' });
  return {
    ...nodeFs,
    rmdir(path: string, done: (error: Error | null) => void) {
      if (mayRemove()) nodeFs.rm(path, { recursive: true, force: true }, done);
      else queueMicrotask(() => done(refused()));
    },
    rmdirSync(path: string) {
      if (!mayRemove()) throw refused();
      nodeFs.rmSync(path, { recursive: true, force: true });
    },
  };
}
