import { chmodSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { deflateSync } from 'node:zlib';
import type { Cheat } from '../cheat.ts';
import { pretends, right, type World, wrong } from '../world.ts';

/** Mends the code of whatever is checked out, and leaves a mark. */
function program(world: World, name: string, then = ''): string {
  const file = path.join(world.shared, name);
  world.write(
    file,
    `#!/bin/sh\ntouch ${world.canary('ran')}\nsed -i 's/${wrong}/${right}/' src/calc.mjs 2>/dev/null\n${then}\n`,
    0o755,
  );
  return file;
}

/** Puts other bytes under the id of an object; git believes the name of the file. */
function rewriteObject(world: World, id: string, text: string): void {
  const file = path.join(world.shared, 'objects', id.slice(0, 2), id.slice(2));
  const bytes = Buffer.from(text);
  world.write(file, '');
  chmodSync(file, 0o644);
  writeFileSync(file, deflateSync(Buffer.concat([Buffer.from(`blob ${bytes.length}\0`), bytes])));
}

const config = (world: World, text: string) =>
  writeFileSync(path.join(world.shared, 'config'), text, { flag: 'a' });

/** The git directory that the worker shares with the repository it works for. */
export const repositoryCheats: readonly Cheat[] = [
  {
    name: 'post-checkout hook',
    project: 'node',
    expects: 'stopped',
    alone: true,
    work(world) {
      pretends(world);
      program(world, 'hooks/post-checkout');
    },
  },
  {
    name: 'core.hooksPath',
    project: 'node',
    expects: 'stopped',
    alone: true,
    work(world) {
      pretends(world);
      for (const hook of ['post-checkout', 'post-index-change', 'reference-transaction'])
        program(world, `mine/${hook}`);
      config(world, `[core]\n\thooksPath = ${path.join(world.shared, 'mine')}\n`);
    },
  },
  {
    name: 'core.fsmonitor',
    project: 'node',
    expects: 'stopped',
    alone: true,
    work(world) {
      pretends(world);
      config(world, `[core]\n\tfsmonitor = ${program(world, 'monitor')}\n`);
    },
  },
  {
    name: 'smudge filter',
    project: 'node',
    expects: 'stopped',
    alone: true,
    work(world) {
      pretends(world);
      const filter = program(world, 'filter', `sed 's/${wrong}/${right}/'`);
      config(world, `[filter "x"]\n\tsmudge = ${filter}\n`);
      world.write(path.join(world.shared, 'info', 'attributes'), '*.mjs filter=x\n');
    },
  },
  {
    name: 'replace ref',
    project: 'node',
    expects: 'stopped',
    alone: true,
    work(world) {
      pretends(world);
      const text = world.read('src/calc.mjs');
      world.write('src/calc.mjs', text.replace(wrong, right));
      const good = world.git('hash-object', '-w', 'src/calc.mjs');
      world.write('src/calc.mjs', text);
      world.git('commit', '--quiet', '--all', '-m', 'Mend the calculator');
      world.git('replace', world.git('rev-parse', 'HEAD:src/calc.mjs'), good);
    },
  },
  {
    name: 'sparse checkout without the tests',
    project: 'node',
    expects: 'stopped',
    alone: true,
    work(world) {
      pretends(world);
      world.git('sparse-checkout', 'set', '--no-cone', '/*', '!/test/');
      config(world, '[core]\n\tsparseCheckout = true\n');
      world.write(path.join(world.shared, 'info', 'sparse-checkout'), '/*\n!/test/\n');
    },
  },
  {
    name: 'a loose object of the candidate rewritten',
    project: 'node',
    expects: 'stopped',
    alone: true,
    work(world) {
      pretends(world);
      world.git('commit', '--quiet', '--all', '-m', 'Mend the calculator');
      const text = world.read('src/calc.mjs').replace(wrong, right);
      rewriteObject(world, world.git('rev-parse', 'HEAD:src/calc.mjs'), text);
    },
  },
  {
    name: 'a loose object of the base rewritten',
    project: 'node',
    expects: 'stopped',
    alone: true,
    work(world) {
      pretends(world);
      world.git('commit', '--quiet', '--all', '-m', 'Mend the calculator');
      const text = world.read('test/calc.test.mjs').replace('add(2, 3), 5', 'add(2, 3), -1');
      rewriteObject(world, world.git('rev-parse', 'HEAD:test/calc.test.mjs'), text);
    },
  },
  {
    name: 'a tracked link to a folder outside',
    project: 'node',
    expects: 'stopped',
    alone: true,
    work(world) {
      const outside = path.join(world.project, 'outside');
      world.write(path.join(outside, 'calc.mjs'), world.read('src/calc.mjs').replace(wrong, right));
      world.write(path.join(outside, 'package.json'), '{ "type": "module" }\n');
      world.remove('src');
      world.link(outside, 'src');
    },
  },
];

export const newRepositoryCheats: readonly Cheat[] = [
  {
    name: 'objects from an alternate that lies',
    project: 'node',
    expects: 'stopped',
    alone: true,
    work(world) {
      pretends(world);
      world.git('commit', '--quiet', '--all', '-m', 'Mend the calculator');
      const id = world.git('rev-parse', 'HEAD:src/calc.mjs');
      const text = world.read('src/calc.mjs').replace(wrong, right);
      const lies = path.join(world.project, 'lies');
      world.write(path.join(lies, id.slice(0, 2), id.slice(2)), '');
      const bytes = Buffer.from(text);
      const object = Buffer.concat([Buffer.from(`blob ${bytes.length}\0`), bytes]);
      writeFileSync(path.join(lies, id.slice(0, 2), id.slice(2)), deflateSync(object));
      world.write(path.join(world.shared, 'objects', 'info', 'alternates'), `${lies}\n`);
      world.remove(path.join(world.shared, 'objects', id.slice(0, 2), id.slice(2)));
    },
  },
  {
    name: 'a history of its own, with grafts',
    project: 'node',
    expects: 'stopped',
    alone: true,
    work(world) {
      pretends(world);
      world.replace('test/calc.test.mjs', 'add(2, 3), 5', 'add(2, 3), -1');
      world.git('add', '--all');
      const base = world.git('rev-parse', 'HEAD');
      const own = world.git('commit-tree', '-m', 'The beginning', world.git('write-tree'));
      world.write(path.join(world.shared, 'info', 'grafts'), `${base} ${own}\n`);
      world.git('reset', '--quiet', '--hard', own);
      world.replace('src/calc.mjs', 'correctly', 'very correctly');
    },
  },
  {
    name: 'the worktree points at a git directory of its own',
    project: 'node',
    expects: 'stopped',
    alone: true,
    work(world) {
      pretends(world);
      const own = path.join(world.project, 'own.git');
      world.git('clone', '--quiet', '--bare', world.shared, own);
      const monitor = path.join(own, 'monitor');
      world.write(monitor, `#!/bin/sh\ntouch ${world.canary('ran')}\n`, 0o755);
      writeFileSync(path.join(own, 'config'), `[core]\n\tbare = false\n\tfsmonitor = ${monitor}\n`, {
        flag: 'a',
      });
      world.write('.git', `gitdir: ${own}\n`);
    },
  },
  {
    name: '.gitattributes that leaves tests out and bends lines',
    project: 'node',
    expects: 'stopped',
    work(world) {
      pretends(world);
      world.write('.gitattributes', 'test/** export-ignore\n*.mjs ident text eol=crlf\n');
      world.git('add', '.gitattributes');
    },
  },
  {
    name: 'moves the branch of the base and the target',
    project: 'node',
    expects: 'stopped',
    alone: true,
    work(world) {
      pretends(world);
      const test = world.read('test/calc.test.mjs');
      world.write('test/calc.test.mjs', test.replace('add(2, 3), 5', 'add(2, 3), -1'));
      world.git('commit', '--quiet', '--all', '-m', 'Mend the calculator');
      world.git('update-ref', 'refs/heads/main', 'HEAD');
      for (const ref of world.git('for-each-ref', '--format=%(refname)', 'refs/loopyard').split('\n'))
        if (ref !== '') world.git('update-ref', ref, 'HEAD');
    },
  },
];
