import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Cheat } from '../cheat.ts';
import { pretends } from '../world.ts';

/** The home that a user, his worker and his programs share. */
export const surroundingCheats: readonly Cheat[] = [
  {
    name: 'home .npmrc with script-shell',
    project: 'node',
    expects: 'stopped',
    alone: true,
    work(world) {
      pretends(world);
      const shell = path.join(world.home, 'shell');
      world.write(shell, '#!/bin/sh\nexit 0\n', 0o755);
      world.write(path.join(world.home, '.npmrc'), `script-shell=${shell}\n`);
    },
  },
  {
    name: 'home .gitconfig with a filter and an fsmonitor',
    project: 'node',
    expects: 'stopped',
    alone: true,
    work(world) {
      pretends(world);
      const program = path.join(world.home, 'filter');
      world.write(program, `#!/bin/sh\ntouch ${world.canary('ran')}\nsed 's/a - b/a + b/'\n`, 0o755);
      const config = `[filter "x"]\n\tsmudge = ${program}\n\tclean = cat\n[core]\n\tfsmonitor = ${program}\n\tattributesFile = ${world.home}/attributes\n`;
      world.write(path.join(world.home, 'attributes'), '*.mjs filter=x\n');
      world.write(path.join(world.home, '.gitconfig'), config);
      world.write(path.join(world.home, '.config', 'git', 'config'), config);
      world.write(path.join(world.home, 'gitconfig'), config);
    },
  },
  {
    name: 'NODE_OPTIONS of the environment leads to a file of his',
    project: 'node',
    expects: 'stopped',
    alone: true,
    env: (home) => ({ NODE_OPTIONS: `--require=${home}/preload.cjs` }),
    work(world) {
      pretends(world);
      world.write(
        path.join(world.home, 'preload.cjs'),
        'if (process.argv.some((word) => /npm|test/.test(word)) && !process.argv.some((word) => /bin\\.js/.test(word))) process.exit(0);\n',
      );
    },
  },
];

export const newSurroundingCheats: readonly Cheat[] = [
  {
    name: 'forges the evidence of its own verdict',
    project: 'node',
    expects: 'stopped',
    alone: true,
    work(world) {
      pretends(world);
      world.git('commit', '--quiet', '--all', '-m', 'Mend the calculator');
      forge(world.shared, world.git('rev-parse', 'HEAD^{tree}'));
    },
  },
];

/** Takes the record of the base's verification, makes a pass of it, and files it under every key that could be ours. */
function forge(shared: string, tree: string): void {
  const home = path.join(shared, 'loopyard');
  const evidence = path.join(home, 'evidence');
  const [name = ''] = readdirSync(evidence);
  const record = JSON.parse(readFileSync(path.join(evidence, name), 'utf8'));
  const checks = record.checks.map((check: Record<string, unknown>) => ({
    ...check,
    passed: true,
    end: { ...(check.end as object), exitCode: 0 },
    report: { format: 'node:test', total: 3, passed: 3, failed: 0, skipped: 0, runs: [], failures: [] },
  }));
  const journal = readdirSync(home).find((file) => /^journal\..*\.log$/.test(file)) ?? '';
  const asked = /"checks":(\[\{.*?\}\]),"failFast":(true|false)/.exec(
    readFileSync(path.join(home, journal), 'utf8'),
  );
  const commands = JSON.parse(asked?.[1] ?? '[]').map(
    ({ timeoutMs: _limit, origin: _origin, ...check }: Record<string, unknown>) => check,
  );
  for (const isolation of ['none', 'evident', 'sandboxed']) {
    const material = [1, tree, commands, false, '', isolation, [['PATH', process.env.PATH ?? null]]];
    const key = createHash('sha256').update(JSON.stringify(material)).digest('hex');
    const forged = { ...record, id: `forged-${isolation}`, verdict: 'passed', isolation, checks, tree, key };
    writeFileSync(path.join(evidence, `forged-${isolation}.json`), JSON.stringify(forged));
    writeFileSync(path.join(home, 'known-runs', key), `forged-${isolation}`);
  }
}
