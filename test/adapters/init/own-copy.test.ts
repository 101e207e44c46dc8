import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { ownCopies } from '../../../src/adapters/init/own-copy.ts';

function aPackage(folder: string): { root: string; bin: string; env: Record<string, string> } {
  const root = realpathSync(mkdtempSync(path.join(tmpdir(), 'loopyard-copy-')));
  onTestFinished(() => rmSync(root, { recursive: true, force: true }));
  const home = path.join(root, folder, 'node_modules', 'loopyard');
  mkdirSync(path.join(home, 'dist', 'chunks'), { recursive: true });
  mkdirSync(path.join(root, 'bin'));
  symlinkSync(process.execPath, path.join(root, 'bin', 'node'));
  const bin = path.join(home, 'dist', 'bin.js');
  writeFileSync(bin, '#!/usr/bin/env node\n', { mode: 0o755 });
  writeFileSync(path.join(home, 'dist', 'chunks', 'a.js'), 'a');
  return { root, bin, env: { HOME: root, PATH: path.join(root, 'bin') } };
}

test('what npx unpacked is kept in a versioned folder, whole, and once', async () => {
  const { root, bin, env } = aPackage('.npm/_npx/1234');
  const copies = await ownCopies(bin, '1.2.3', undefined, env);
  const kept = path.join(root, '.local/share/loopyard/versions/1.2.3');
  expect(copies).toMatchObject({
    keptIn: kept,
    node: { command: path.join(root, 'bin', 'node'), args: [path.join(kept, 'dist/bin.js'), 'mcp'] },
  });
  expect(existsSync(kept)).toBe(false);
  copies.keep();
  copies.keep();
  expect(readFileSync(path.join(kept, 'dist/chunks/a.js'), 'utf8')).toBe('a');
});

test('an installed program is named where it lies', async () => {
  const { bin, env } = aPackage('lib');
  const copies = await ownCopies(bin, '1.2.3', undefined, env);
  expect(copies).toMatchObject({ onPath: false, inProject: false, node: { args: [bin, 'mcp'] } });
  expect(copies.keptIn).toBeUndefined();
});

test('a command on PATH counts when it stays, and a dependency when it is named and installed', async () => {
  const { root, bin, env } = aPackage('project');
  const project = path.join(root, 'project');
  const command = path.join(root, 'bin', 'loopyard');
  symlinkSync(bin, command);
  writeFileSync(path.join(project, 'package.json'), '{"devDependencies":{"loopyard":"1.2.3"}}');
  expect(await ownCopies(bin, '1.2.3', project, env)).toMatchObject({ onPath: true, inProject: true });

  const passing = aPackage('.npm/_npx/1234');
  rmSync(command);
  symlinkSync(passing.bin, command);
  writeFileSync(path.join(project, 'package.json'), '{}');
  expect(await ownCopies(bin, '1.2.3', project, env)).toMatchObject({ onPath: false, inProject: false });
});
