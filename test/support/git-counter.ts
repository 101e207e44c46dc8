import { openGit } from '../../src/adapters/git/git.ts';

/** Adds one to the number in refs/loopyard/count so many times, by compare-and-swap. A program for race tests. */
const [commonDir = '', times = '0'] = process.argv.slice(2);
const gate = { within: <T>(_name: string, _patience: number, section: () => Promise<T>) => section() };
const git = openGit({ commonDir, home: `${commonDir}/loopyard`, gate, log: () => {}, env: process.env });
const name = 'refs/loopyard/count';

for (let done = 0; done < Number(times); ) {
  // The number of a value is found in a ref of its own, written in the same transaction.
  const from = await git.ref(name);
  const count =
    [...(await git.refs('refs/counted/'))].find(([, id]) => id === from)?.[0].split('/')[2] ?? '0';
  const next = Number(count) + 1;
  const to = await git.writeBlob(String(next));
  const steps = [
    { update: name, from, to },
    { update: `refs/counted/${next}`, from: undefined, to },
  ];
  if (await git.updateRefs(steps, 'count')) done++;
}
