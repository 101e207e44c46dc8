import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, realpath, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** The project of the demo: no dependencies, two tests, one of which fails. */
const files = {
  'package.json': `${JSON.stringify({ name: 'slug', version: '1.0.0', type: 'module', scripts: { test: 'node --test' } }, null, 2)}\n`,
  'README.md': '# slug\n\nMakes a title fit for an address.\n',
  'src/slug.js':
    "/** A title as part of an address. */\nexport function slug(title) {\n  return title.replaceAll(' ', '-');\n}\n",
  'test/slug.test.js': `import assert from 'node:assert/strict';
import { test } from 'node:test';
import { slug } from '../src/slug.js';

test('spaces become hyphens', () => assert.equal(slug('one two'), 'one-two'));
test('a title is readable as an address', () => {
  assert.equal(slug('Hello World'), 'hello-world');
  assert.equal(slug('Crème Brûlée'), 'creme-brulee');
});
`,
};

/** A directory with everything the demo leaves on this machine: the repository, loopyard's place, the command. */
export async function makeScratch(program) {
  const root = await realpath(await mkdtemp(join(tmpdir(), 'loopyard-demo-')));
  const repository = join(root, 'slug');
  for (const [name, text] of Object.entries(files)) await write(join(repository, name), text);
  await mkdir(join(root, 'bin'));
  await symlink(program, join(root, 'bin', 'loopyard'));
  const env = environment(root);
  const git = (...args) =>
    run('git', args, { cwd: repository, env }).then(({ stdout }) => stdout.replace(/\n$/, ''));
  await git('init', '--quiet', '--initial-branch=main');
  await git('config', 'user.name', 'Demo');
  await git('config', 'user.email', 'demo@localhost');
  await commitAll(git, 'A project whose second test fails');
  return {
    root,
    repository,
    env,
    git,
    /** Somebody else's work arrives on the branch meanwhile. */
    async commit(name, text, message) {
      await write(join(repository, name), text);
      await commitAll(git, message);
      return git('rev-parse', 'HEAD');
    },
    read: (name) => readFile(join(repository, name), 'utf8').catch(() => ''),
    /** Exit code and output of a program in the checkout. */
    exitOf: (command, args) =>
      run(command, args, { cwd: repository, env }).then(
        () => 0,
        (error) => error.code,
      ),
    processes: () => processesOf(root),
  };
}

async function write(path, text) {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, text);
}

async function commitAll(git, message) {
  await git('add', '--all');
  await git('commit', '--quiet', '-m', message);
}

/** As a person's, except that loopyard keeps its folders in the scratch directory and its keeper leaves soon. */
function environment(root) {
  const foreign = /^(GIT_|LOOPYARD_|NODE_TEST_CONTEXT$|NODE_OPTIONS$|npm_)/;
  const own = Object.entries(process.env).filter(([name]) => !foreign.test(name));
  return {
    ...Object.fromEntries(own),
    LOOPYARD_CONFIG: join(root, 'no-config.json'),
    LOOPYARD_PLACE: join(root, 'place'),
    LOOPYARD_KEEPER_IDLE_SECONDS: '2',
    LOOPYARD_DEMO: root,
  };
}

/**
 * Processes that have to do with the demo, found by the scratch directory in their environment or command line: those
 * it started, however far they went. Where there is no /proc, by the command line alone.
 */
async function processesOf(root) {
  const found = [];
  const pids = (await readdir('/proc').catch(() => [])).filter((name) => /^\d+$/.test(name));
  for (const pid of pids) {
    const [command, env] = await Promise.all(
      ['cmdline', 'environ'].map((name) => readFile(`/proc/${pid}/${name}`, 'utf8').catch(() => '')),
    );
    if (Number(pid) !== process.pid && (command.includes(root) || env.includes(root)))
      found.push(`${pid} ${command.replaceAll('\0', ' ').slice(0, 100)}`);
  }
  if (pids.length > 0) return found;
  const { stdout } = await run('ps', ['-axww', '-o', 'pid=,command=']);
  return stdout.split('\n').filter((line) => line.includes(root));
}
