import { type ChildProcess, spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { bundle } from '../support/bundle.ts';
import { aDirectory, aRepository } from '../support/git-repo.ts';
import { aTag, eventually, processesWith } from '../support/real-processes.ts';

const entry = fileURLToPath(new URL('../support/attach-entry.ts', import.meta.url));

/** An npm that says it has begun, and ends only when it is told to. */
const slowNpm = `#!/usr/bin/env node
const fs = require('node:fs');
if (process.argv[2] === '--version') console.log('9.9.9');
else {
  fs.appendFileSync(process.env.NPM_CONFIG_BEGUN, 'begun ' + process.argv.slice(2).join(' ') + '\\n');
  fs.mkdirSync('node_modules/a', { recursive: true });
  const wait = setInterval(() => {
    if (!fs.existsSync(process.env.NPM_CONFIG_GO)) return;
    fs.writeFileSync('node_modules/a/index.js', '');
    clearInterval(wait);
  }, 20);
}
`;

test('a keeper that is killed while it prepares leaves no process and no half tree to the next one', async () => {
  const root = await aDirectory();
  const repo = await aRepository({
    files: {
      'package.json': '{ "name": "p", "dependencies": { "a": "1.0.0" } }\n',
      'package-lock.json': '{ "name": "p", "lockfileVersion": 3, "packages": {} }\n',
    },
  });
  const tag = aTag();
  const bin = join(root, tag);
  mkdirSync(bin);
  writeFileSync(join(bin, 'npm'), slowNpm);
  chmodSync(join(bin, 'npm'), 0o755);
  const [begun, go, program] = [join(root, 'begun'), join(root, 'go'), await bundle(entry)];
  const env = {
    ...repo.env,
    PATH: `${bin}:${process.env.PATH}`,
    LOOPYARD_PLACE: join(root, 'place'),
    LOOPYARD_CONFIG: join(root, 'none.json'),
    NPM_CONFIG_BEGUN: begun,
    NPM_CONFIG_GO: go,
  };
  const attach = (room: string): ChildProcess =>
    spawn(process.execPath, [program, 'attach', repo.commonDir, room], {
      env,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
  const beginnings = () => (existsSync(begun) ? readFileSync(begun, 'utf8').trim().split('\n').length : 0);

  const first = attach('first');
  await eventually(() => beginnings() === 1, 60_000);
  first.kill('SIGKILL');
  const shim = await eventually(() => processesWith(`${tag}/npm`)[0], 60_000);
  const second = attach('second');
  await eventually(() => beginnings() === 2, 60_000);
  expect(processesWith(`${tag}/npm`)).not.toContain(shim);
  writeFileSync(go, '');
  let printed = '';
  second.stdout?.on('data', (data) => {
    printed += data;
  });
  await eventually(() => printed.includes('\n'), 60_000);
  const { given, path } = JSON.parse(printed);
  expect(given.parts).toMatchObject([{ how: 'prepared' }]);
  expect(existsSync(join(path, 'node_modules/a/index.js'))).toBe(true);
  const drafts = () => readdirSync(join(root, 'place', 'dependencies', 'drafts'));
  await eventually(() => drafts().filter((name) => !name.startsWith('.trash-')).length === 0);
}, 240_000);
