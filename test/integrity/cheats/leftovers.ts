import type { Cheat } from '../cheat.ts';
import { pretends, right, type World, wrong } from '../world.ts';

/** One candidate's check leaves something behind, so that the next candidate in the same yard passes. */
export interface Pair {
  readonly name: string;
  /** Only walls help: without a sandbox it is among the limits that docs/verdicts.md names. */
  readonly needsWalls?: true;
  readonly first: Cheat;
  readonly next: Cheat;
}

const before = (world: World, code: string) => {
  pretends(world);
  world.write('src/calc.mjs', `${code}\n${world.read('src/calc.mjs')}`);
};

const places = `[process.env.HOME, process.env.TMPDIR, '.', '..', '../..', '../../..', 'node_modules', 'node_modules/.cache', '/tmp', '/var/tmp', '/dev/shm', '/run', '/run/user/0']`;

const pretendsOnly = (name: string, project: Cheat['project']): Cheat => ({
  name,
  project,
  expects: 'stopped',
  work: (world) => world.replace('src/calc.mjs', '// Adds.', `// Adds, whatever comes (${name}).`),
});

export const pairs: readonly Pair[] = [
  {
    name: 'marks in every folder that a check can write to',
    needsWalls: true,
    first: {
      name: 'leaves marks',
      project: 'node',
      expects: 'stopped',
      work: (world) =>
        before(
          world,
          `import { mkdirSync, writeFileSync } from 'node:fs';
for (const place of ${places}) try { mkdirSync(place, { recursive: true }); writeFileSync(place + '/mark', ''); } catch {}`,
        ),
    },
    next: {
      name: 'looks for marks',
      project: 'node',
      expects: 'stopped',
      work: (world) => {
        before(
          world,
          `import { existsSync } from 'node:fs';
const marked = ${places}.some((place) => existsSync(place + '/mark'));`,
        );
        world.replace('src/calc.mjs', wrong, `marked ? ${right} : ${wrong}`);
      },
    },
  },
  {
    name: 'files that guide the next run',
    first: {
      name: 'leaves files that guide',
      project: 'node',
      expects: 'stopped',
      work: (world) =>
        before(
          world,
          `import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
const put = (file, text) => { try { mkdirSync(file.replace(/[^/]*$/, ''), { recursive: true }); writeFileSync(file, text); chmodSync(file, 0o755); } catch {} };
for (const base of ['./', '../', '../../', process.env.HOME + '/', process.env.TMPDIR + '/']) {
  put(base + 'node_modules/.bin/node', '#!/bin/sh\\nexit 0\\n');
  put(base + '.npmrc', 'script-shell=/bin/true\\n');
  put(base + 'node_modules/node.cmd', '');
}
put('./test/zz.test.mjs', '');
put('./package.json/x', '');`,
        ),
    },
    next: pretendsOnly('comes after the files', 'node'),
  },
  {
    name: 'a process that a check leaves behind',
    needsWalls: true,
    first: {
      name: 'its check leaves a process behind',
      project: 'node',
      expects: 'stopped',
      work: (world) =>
        before(
          world,
          `import { spawn } from 'node:child_process';
const hunt = \`const fs = require('fs'), end = Date.now() + 60000, place = process.argv[1];
(function look() {
  for (const pid of fs.readdirSync('/proc')) try {
    if (!fs.readlinkSync('/proc/' + pid + '/cwd').startsWith(place)) continue;
    const file = '/proc/' + pid + '/cwd/src/calc.mjs', text = fs.readFileSync(file, 'utf8');
    if (text.includes('a - ' + 'b')) fs.writeFileSync(file, text.replace('a - ' + 'b', 'a + b'));
  } catch {}
  if (Date.now() < end) setTimeout(look, 5);
})()\`;
spawn('setsid', ['sh', '-c', 'exec env -i "$0" -e "$1" "$2" &', process.execPath, hunt, process.cwd().replace(/\\/rooms\\/.*/, '')], { detached: true, cwd: '/', env: { PATH: process.env.PATH }, stdio: 'ignore' }).unref();`,
        ),
    },
    next: pretendsOnly('comes after the process', 'node'),
  },
  {
    name: 'a cache in the dependency tree that is kept',
    first: {
      name: 'poisons the cache of a dependency',
      project: 'dependent',
      expects: 'flagged',
      work: (world) =>
        before(
          world,
          `import { mkdirSync, writeFileSync } from 'node:fs';
mkdirSync('node_modules/.cache', { recursive: true });
writeFileSync('node_modules/.cache/tiny-runner.json', '{ "adds": true, "multiplies": true }');`,
        ),
    },
    next: pretendsOnly('comes after the cache', 'dependent'),
  },
  {
    name: 'a dependency rewritten in its folder',
    first: {
      name: 'rewrites a dependency',
      project: 'dependent',
      expects: 'flagged',
      work: (world) =>
        before(
          world,
          `import { realpathSync, writeFileSync } from 'node:fs';
writeFileSync(realpathSync('node_modules/tiny-runner/judge.js'), 'export const judge = () => true;\\n');`,
        ),
    },
    next: pretendsOnly('comes after the rewriting', 'dependent'),
  },
];

export const leftoverCheats: readonly Cheat[] = pairs.flatMap(({ first, next }) => [first, next]);
