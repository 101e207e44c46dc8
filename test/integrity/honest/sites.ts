import { execFileSync } from 'node:child_process';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { ScratchProject } from '../../support/scratch-project.ts';
import { fill, plans } from '../projects.ts';

/** A repository as they are found in the wild, and the checks of its loops. */
interface Site {
  readonly checks: readonly string[];
  make(project: ScratchProject): Promise<void>;
}

const npmTest = ['npm test'];

const write = (project: ScratchProject, files: Readonly<Record<string, string>>) => {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(path.join(project.path, path.dirname(name)), { recursive: true });
    writeFileSync(path.join(project.path, name), text);
  }
};

const commit = async (project: ScratchProject) => {
  await project.git('add', '--all');
  await project.git('commit', '--quiet', '-m', 'More of it');
};

const pointer = `version https://git-lfs.github.com/spec/v1
oid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393
size 12345
`;

/** The tests import a package that npm links into node_modules; there is nothing to fetch. */
const monorepo = {
  'package.json': `${JSON.stringify({ name: 'whole', private: true, workspaces: ['packages/*'], scripts: { test: 'npm test --workspaces --if-present' } }, null, 2)}\n`,
  '.gitignore': 'node_modules\n',
  'packages/calc/package.json': `${JSON.stringify({ name: '@whole/calc', version: '1.0.0', type: 'module', exports: './src/calc.mjs' }, null, 2)}\n`,
  'packages/calc/src/calc.mjs': '// Adds.\nexport const add = (a, b) => a - b;\n',
  'packages/app/package.json': `${JSON.stringify({ name: '@whole/app', version: '1.0.0', type: 'module', dependencies: { '@whole/calc': '^1.0.0' }, scripts: { test: 'node --test' } }, null, 2)}\n`,
  'packages/app/test/app.test.mjs': `import assert from 'node:assert/strict';
import { test } from 'node:test';
import { add } from '@whole/calc';

test('adds', () => assert.equal(add(2, 3), 5));
test('adds nothing', () => assert.equal(add(2, 0), 2));
`,
};

export const sites = {
  node: { checks: npmTest, make: (project) => fill(project, plans.node) },
  python: { checks: plans.python.checks, make: (project) => fill(project, plans.python) },
  /** CRLF by attribute, names with spaces and accents, links inside, LFS pointers without LFS. */
  odd: {
    checks: npmTest,
    async make(project) {
      await fill(project, plans.node);
      write(project, {
        '.gitattributes': '*.mjs text eol=crlf\n*.bin filter=lfs diff=lfs merge=lfs -text\n',
        'data/große Datei.bin': pointer,
        'docs/À lire — 読む.md': 'Bonjour.\n',
      });
      symlinkSync('../data/große Datei.bin', path.join(project.path, 'docs', 'link to data'));
      symlinkSync('docs', path.join(project.path, 'documents'));
      await commit(project);
    },
  },
  submodule: {
    checks: npmTest,
    async make(project) {
      await fill(project, plans.node);
      const library = project.file('library');
      const git = (...args: string[]) =>
        execFileSync('git', ['-C', library, ...args], { env: project.env, stdio: 'ignore' });
      mkdirSync(library);
      git('init', '--quiet');
      writeFileSync(path.join(library, 'five.mjs'), 'export const five = 5;\n');
      git('add', '--all');
      git('commit', '--quiet', '-m', 'Five');
      await project.git('-c', 'protocol.file.allow=always', 'submodule', 'add', '--quiet', library, 'five');
      write(project, {
        'test/calc.test.mjs': (plans.node.files['test/calc.test.mjs'] ?? '')
          .replace('import { add', "import { five } from '../five/five.mjs';\nimport { add")
          .replace('add(2, 3), 5', 'add(2, 3), five'),
      });
      await commit(project);
    },
  },
  monorepo: {
    checks: npmTest,
    async make(project) {
      write(project, monorepo);
      execFileSync('npm', ['install', '--package-lock-only', '--offline', '--no-audit', '--no-fund'], {
        cwd: project.path,
        env: project.env,
        stdio: 'ignore',
      });
      await commit(project);
    },
  },
  /** One of its tests fails, whatever anybody does. */
  troubled: {
    checks: npmTest,
    async make(project) {
      await fill(project, plans.node);
      write(project, {
        'test/old.test.mjs':
          "import assert from 'node:assert/strict';\nimport { test } from 'node:test';\ntest('is on the moon', () => assert.ok(false));\n",
      });
      await commit(project);
    },
  },
} as const satisfies Record<string, Site>;
export type SiteName = keyof typeof sites;
