import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import {
  missingFolders,
  readConfigFile,
  removeEmptyFolders,
  replaceConfigFile,
} from '../../../src/adapters/init/config-files.ts';
import { openInitMemory } from '../../../src/adapters/init/init-memory.ts';
import { bundle } from '../../support/bundle.ts';

function aFolder(): string {
  const folder = realpathSync(mkdtempSync(path.join(tmpdir(), 'loopyard-config-')));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

describe('reading', () => {
  test('tells a text, with its BOM and line ends, from no file at all', () => {
    const file = path.join(aFolder(), 'a.json');
    expect(readConfigFile(file)).toEqual({ real: file, text: undefined });
    writeFileSync(file, '\ufeff{}\r\n');
    expect(readConfigFile(file)).toEqual({ real: file, text: '\ufeff{}\r\n' });
  });

  test('says why a file cannot be used', () => {
    const folder = aFolder();
    const file = (name: string) => path.join(folder, name);
    writeFileSync(file('utf16'), Buffer.from('\ufeff{}', 'utf16le'));
    writeFileSync(file('locked'), '{}');
    chmodSync(file('locked'), 0o444);
    mkdirSync(file('folder'));
    expect(readConfigFile(file('utf16'))).toMatchObject({ unusable: 'It is not UTF-8 text.' });
    expect(readConfigFile(file('locked'))).toMatchObject({ unusable: 'It is read-only.' });
    expect(readConfigFile(file('folder'))).toMatchObject({ unusable: 'It is not a file.' });
    expect(readConfigFile(file('locked/below.json'))).toMatchObject({
      unusable: 'One of its folders is a file.',
    });
  });

  test('follows links of the home, also to a file that is not there yet', () => {
    const folder = aFolder();
    mkdirSync(path.join(folder, 'dotfiles'));
    symlinkSync('dotfiles', path.join(folder, 'linked'));
    symlinkSync(path.join('linked', 'a.json'), path.join(folder, 'a.json'));
    expect(readConfigFile(path.join(folder, 'a.json'))).toEqual({
      real: path.join(folder, 'dotfiles', 'a.json'),
      text: undefined,
    });
  });

  test('does not let a link of a project lead out of it', () => {
    const folder = aFolder();
    const project = path.join(folder, 'project');
    mkdirSync(project);
    writeFileSync(path.join(folder, 'private'), 'x');
    symlinkSync('../private', path.join(project, 'AGENTS.md'));
    symlinkSync('..', path.join(project, '.claude'));
    symlinkSync('AGENTS-real.md', path.join(project, 'CLAUDE.md'));
    const read = (name: string) => readConfigFile(path.join(project, name), project);
    expect(read('AGENTS.md')).toMatchObject({
      unusable: expect.stringContaining('leads out of the project'),
    });
    expect(read('.claude/private')).toMatchObject({ unusable: expect.stringContaining('leads out') });
    expect(read('CLAUDE.md')).toEqual({ real: path.join(project, 'AGENTS-real.md'), text: undefined });
  });

  test('ends a ring of links', () => {
    const folder = aFolder();
    symlinkSync('b', path.join(folder, 'a'));
    symlinkSync('a', path.join(folder, 'b'));
    expect(readConfigFile(path.join(folder, 'a'))).toMatchObject({ unusable: expect.any(String) });
  });
});

describe('replacing', () => {
  test('keeps the mode, makes folders, and leaves nothing beside the file', () => {
    const file = path.join(aFolder(), 'new', 'deep', 'a.json');
    const folders = missingFolders(file);
    replaceConfigFile(file, undefined, 'one');
    chmodSync(file, 0o600);
    replaceConfigFile(file, 'one', 'two');
    expect(readFileSync(file, 'utf8')).toBe('two');
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(readdirSync(path.dirname(file))).toEqual(['a.json']);
    replaceConfigFile(file, 'two', undefined);
    removeEmptyFolders(folders);
    expect(existsSync(path.dirname(path.dirname(file)))).toBe(false);
  });

  test('leaves a file alone that somebody changed since it was read', () => {
    const file = path.join(aFolder(), 'a.json');
    writeFileSync(file, 'theirs');
    expect(() => replaceConfigFile(file, 'old', 'ours')).toThrow(expect.objectContaining({ code: 'BUSY' }));
    expect(() => replaceConfigFile(file, undefined, 'ours')).toThrow(
      expect.objectContaining({ code: 'BUSY' }),
    );
    expect(readFileSync(file, 'utf8')).toBe('theirs');
    expect(readdirSync(path.dirname(file))).toEqual(['a.json']);
  });

  test('through a link changes the file and leaves the link', () => {
    const folder = aFolder();
    writeFileSync(path.join(folder, 'real.json'), 'old');
    symlinkSync('real.json', path.join(folder, 'a.json'));
    const { real } = readConfigFile(path.join(folder, 'a.json'));
    replaceConfigFile(real, 'old', 'new');
    expect(lstatSync(path.join(folder, 'a.json')).isSymbolicLink()).toBe(true);
    expect(readFileSync(path.join(folder, 'a.json'), 'utf8')).toBe('new');
  });

  test('killed in the middle leaves one text or the other, whole, and the next one sweeps up', async () => {
    const folder = aFolder();
    const texts = ['a', 'b'].map((letter) => letter.repeat(3_000_000));
    const file = path.join(folder, 'a.json');
    const sources = ['one', 'other'].map((name, index) => {
      const source = path.join(aFolder(), name);
      writeFileSync(source, texts[index] ?? '');
      return source;
    });
    writeFileSync(file, texts[0] ?? '');
    const program = await bundle('test/support/file-replacer.ts');
    let leftovers = 0;
    for (let round = 0; round < 12; round += 1) {
      const child = spawn(process.execPath, [program, file, ...sources], {
        stdio: ['ignore', 'pipe', 'ignore'],
      });
      const gone = once(child, 'exit');
      await once(child.stdout, 'data');
      // The moment of death differs from round to round; any of them will do.
      await new Promise((resolve) => setTimeout(resolve, round * 3));
      child.kill('SIGKILL');
      await gone;
      expect(texts.includes(readFileSync(file, 'utf8'))).toBe(true);
      leftovers += readdirSync(folder).length - 1;
    }
    expect(leftovers).toBeGreaterThan(0);
    replaceConfigFile(file, readFileSync(file, 'utf8'), 'end');
    expect(readdirSync(folder)).toEqual(['a.json']);
  });
});

test('what init wrote is remembered by file, for its owner only, and forgotten', () => {
  const folder = aFolder();
  const memory = openInitMemory({ XDG_STATE_HOME: folder });
  const memo = { file: '/x/a.json', before: null, clean: true, after: '{}', shells: [[]], folders: ['/x'] };
  memory.keep(memo);
  memory.keep({ ...memo, after: '{ }' });
  expect(memory.of('/x/a.json')).toEqual({ ...memo, after: '{ }' });
  expect(memory.of('/y/a.json')).toBeUndefined();
  expect(statSync(memory.directory).mode & 0o777).toBe(0o700);
  expect(readFileSync(memory.backup('/x/a.json', 'old'), 'utf8')).toBe('old');
  memory.forget('/x/a.json');
  expect(memory.of('/x/a.json')).toBeUndefined();
});
