import { readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { aTag } from '../support/real-processes.ts';
import { aProject, end, type ScratchProject } from '../support/scratch-project.ts';
import { eventually } from './watching.ts';

/** Says what it has, and waits for a file in its own room: the only place it shares with anybody. */
const waits = `import fs from 'node:fs';
const there = (file) => { try { return fs.readdirSync(file).length > 0; } catch { return false; } };
console.log(JSON.stringify({ port: process.env.PORT, state: there(process.argv[3]) }));
const look = setInterval(() => { if (fs.existsSync('go')) { clearInterval(look); console.log('went'); } }, 20);
`;

test('two verifications at once have ports of their own, and a keeper killed in mid-check leaves a verdict and no process', async () => {
  const project = await aProject();
  await project.commit({ 'waits.mjs': waits });
  const tag = aTag();
  const check = `node waits.mjs ${tag} '${project.path}'`;
  const ask = () => project.cli(['verify', 'HEAD', '--check', check, '--wait-s', '0', '--json']);
  const ids = [await ask(), await ask()].map(({ stdout }) => String(JSON.parse(stdout).verification));
  const printed = async () => {
    const logs = await Promise.all(ids.map((id) => project.cli(['log', `${id}-1`])));
    const lines = logs.flatMap(({ stdout }) => /\{"port".*\}/.exec(stdout)?.[0] ?? []);
    return lines.length === 2 ? lines.map((line) => JSON.parse(line)) : undefined;
  };
  await eventually(async () => (await printed()) !== undefined);
  const [one, other] = (await printed()) ?? [];
  expect(one.port).not.toBe(other.port);

  for (const { pid } of project.keepers()) end(pid);
  for (const room of roomsOf(project)) writeFileSync(path.join(room, 'go'), '');

  for (const id of ids) {
    const { stdout } = await project.cli(['verify', '--verification', id, '--wait-s', '50', '--json']);
    const answer = JSON.parse(stdout);
    expect(answer).toMatchObject({ verdict: 'passed' });
    expect({ level: answer.isolation, state: one.state }).toEqual(
      answer.isolation === 'sandboxed'
        ? { level: 'sandboxed', state: false }
        : { level: 'evident', state: true },
    );
  }
  expect(project.running(tag)).toEqual([]);
});

function roomsOf(project: ScratchProject): readonly string[] {
  const found = readdirSync(path.join(project.root, 'place'), { recursive: true, encoding: 'utf8' });
  return found
    .filter((name) => path.basename(name) === 'waits.mjs' && name.includes(`${path.sep}rooms${path.sep}`))
    .map((name) => path.join(project.root, 'place', path.dirname(name)));
}
