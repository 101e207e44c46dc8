import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { trustContent, trustFile } from '../../../src/adapters/config/project-trust.ts';
import { openSettings, readSettings } from '../../../src/adapters/config/settings.ts';
import { openTrustStore } from '../../../src/adapters/config/trust-store.ts';

/** A home and a repository, as far as settings look at them. */
function aPlace() {
  const root = realpathSync(mkdtempSync(path.join(tmpdir(), 'loopyard-settings-')));
  onTestFinished(() => rmSync(root, { recursive: true, force: true }));
  const commonDir = path.join(root, 'project', '.git');
  mkdirSync(commonDir, { recursive: true });
  mkdirSync(path.join(root, '.config', 'loopyard'), { recursive: true });
  const env: Record<string, string> = { HOME: root };
  const files = {
    user: path.join(root, '.config', 'loopyard', 'config.json'),
    project: path.join(root, 'project', 'loopyard.json'),
  };
  return {
    ...files,
    root,
    commonDir,
    env,
    read: (more: Record<string, string> = {}) => readSettings({ env: { ...env, ...more }, commonDir }),
    write: (file: keyof typeof files, text: string) => writeFileSync(files[file], text),
  };
}

describe('files of settings', () => {
  test('take comments, trailing commas, a BOM, any line ends and $schema', () => {
    const place = aPlace();
    place.write('user', '\ufeff{\r\n  // mine\r\n  "$schema": "x", /* and */ "max_loops": 7,\r\n}\r\n');
    expect(place.read()).toMatchObject({ config: { max_loops: 7 }, problems: [] });
  });

  test('an unknown key is named with the nearest known one, file, line and column', () => {
    const place = aPlace();
    place.write('user', '{\n  // a comment\n  "max_lops": 7,\n  "limits": { "itertions": 3 }\n}');
    place.write('project', '{ "checkz": {} }');
    expect(place.read().problems.map(({ sentence }) => sentence)).toEqual([
      `${place.project}:1:3: There is no setting "checkz"; did you mean "checks"?`,
      `${place.user}:4:15: There is no setting "limits.itertions"; did you mean "iterations"?`,
      `${place.user}:3:3: There is no setting "max_lops"; did you mean "max_loops"?`,
    ]);
  });

  test.each([
    ['{ "max_loops": 1', ':1:17: It is not JSON (close brace expected).'],
    ['[1]', ':1:1: It is JSON, but not one object.'],
    ['', ': It is empty; {} would be right.'],
    ['{ "checks": { "a": "x", "a": "y" } }', ':1:25: "a" stands there twice.'],
    [Buffer.from([0x7b, 0xff, 0x7d]), ': It is not UTF-8 text.'],
    [`{"x":"${'y'.repeat(300_000)}"}`, ': It is larger than 256 KiB.'],
  ])('%s is told and not used', (text, told) => {
    const place = aPlace();
    writeFileSync(place.project, text);
    const { problems, project, config } = place.read();
    expect(problems).toMatchObject([{ source: 'project', sentence: `${place.project}${told}` }]);
    expect(project).toMatchObject({ state: 'broken', problems: [`${place.project}${told}`] });
    expect(config.checks).toEqual({});
  });

  test('the file of a repository is no way to anything else: no link, no pipe, no folder', () => {
    const place = aPlace();
    writeFileSync(path.join(place.root, 'other.json'), '{}');
    symlinkSync(path.join(place.root, 'other.json'), place.project);
    expect(place.read().project?.problems).toEqual([
      `${place.project}: It is a symbolic link, and none is followed here.`,
    ]);
    rmSync(place.project);
    execFileSync('mkfifo', [place.project]);
    expect(place.read().project?.problems).toEqual([`${place.project}: It is not a file.`]);
    rmSync(place.project);
    mkdirSync(place.project);
    expect(place.read().project?.problems).toEqual([`${place.project}: It is not a file.`]);
  });

  test('a repository without a main checkout has no file of its own', () => {
    const place = aPlace();
    const bare = path.join(place.root, 'bare.git');
    mkdirSync(bare);
    writeFileSync(path.join(place.root, 'loopyard.json'), '{"max_loops": 1}');
    expect(readSettings({ env: place.env, commonDir: bare })).toMatchObject({
      projectFile: undefined,
      project: undefined,
      config: { max_loops: 4 },
    });
  });
});

test('the environment is JSON where that fits, and text otherwise', () => {
  const place = aPlace();
  const { config, problems } = place.read({
    LOOPYARD_MAX_LOOPS: '7',
    LOOPYARD_BACKEND: '42',
    LOOPYARD_CHECK_ENV: '["A"]',
  });
  expect(problems).toEqual([]);
  expect(config).toMatchObject({ max_loops: 7, backend: '42', check_env: ['A'] });
  expect(place.read({ LOOPYARD_MAX_LOOPS: 'many' }).problems).toMatchObject([
    { source: 'environment', sentence: expect.stringMatching(/^LOOPYARD_MAX_LOOPS: "max_loops": /) },
  ]);
});

describe('trust', () => {
  const text = '{ "checks": { "test": "npm test" }, "max_loops": 2 }';

  test('is for one content of one repository, in a file only its owner reads', () => {
    const place = aPlace();
    place.write('project', text);
    expect(place.read()).toMatchObject({
      project: { state: 'untrusted' },
      config: { checks: {}, max_loops: 2 },
    });
    trustFile(place.env, { commonDir: place.commonDir, text, at: 5 });
    expect(place.read()).toMatchObject({
      project: { state: 'trusted' },
      config: { checks: { test: 'npm test' } },
    });
    const store = openTrustStore(place.env);
    expect(statSync(store.fileOf(place.commonDir)).mode & 0o777).toBe(0o600);
    expect(statSync(store.directory).mode & 0o777).toBe(0o700);
    place.write('project', text.replace('npm test', 'npm test; x'));
    expect(place.read().project).toMatchObject({
      state: 'changed',
      changes: ['checks.test was "npm test" and is "npm test; x"'],
    });
    // Not even a space: what is trusted is bytes.
    place.write('project', `${text} `);
    expect(place.read().project?.state).toBe('changed');
    place.write('project', text);
    expect(place.read().project?.state).toBe('trusted');
    expect(store.forget(place.commonDir)).toBe(true);
    expect(place.read().project?.state).toBe('untrusted');
    expect(store.forget(place.commonDir)).toBe(false);
  });

  test('given to what was shown does not reach what is there by now', () => {
    const place = aPlace();
    place.write('project', text);
    const shown = place.read().project;
    place.write('project', text.replace('npm', 'evil'));
    if (shown) trustContent(place.env, { commonDir: place.commonDir, at: 5, ...shown });
    expect(place.read()).toMatchObject({ project: { state: 'changed' }, config: { checks: {} } });
  });

  test('is not found in a record that cannot be read, and not in that of another repository', () => {
    const place = aPlace();
    place.write('project', text);
    trustFile(place.env, { commonDir: place.commonDir, text, at: 5 });
    const file = openTrustStore(place.env).fileOf(place.commonDir);
    for (const record of [
      '{',
      '{}',
      JSON.stringify({ version: 1, repository: '/other', file: '', sha256: '', at: 1, content: {} }),
    ]) {
      chmodSync(file, 0o600);
      writeFileSync(file, record);
      expect(place.read().project?.state).toBe('untrusted');
    }
  });

  test('is needed for nothing when the file names nothing', () => {
    const place = aPlace();
    place.write('project', '{ "max_loops": 2 }');
    expect(place.read().project?.state).toBe('harmless');
  });
});

describe('a process that lives', () => {
  test('sees what is set and trusted meanwhile', () => {
    const place = aPlace();
    const settings = openSettings({ env: place.env, commonDir: place.commonDir }, () => undefined);
    expect(settings.current().config.max_loops).toBe(4);
    place.write('user', '{ "max_loops": 9 }');
    expect(settings.current().config.max_loops).toBe(9);
    const text = '{ "checks": { "a": "b" } }';
    place.write('project', text);
    expect(settings.current().config.checks).toEqual({});
    trustFile(place.env, { commonDir: place.commonDir, text, at: 5 });
    expect(settings.current().config.checks).toEqual({ a: 'b' });
  });

  test('keeps the last good settings of its user and complains once, and does not begin with wrong ones', () => {
    const place = aPlace();
    const said: string[] = [];
    place.write('user', '{ "max_loops": 9 }');
    const sources = { env: place.env, commonDir: place.commonDir };
    const settings = openSettings(sources, (sentence) => said.push(sentence));
    place.write('user', '{ "max_loops": "many" }');
    expect(settings.current().config.max_loops).toBe(9);
    expect(settings.current().config.max_loops).toBe(9);
    expect(said).toHaveLength(1);
    expect(() => openSettings(sources, () => undefined)).toThrowError(
      expect.objectContaining({ code: 'INVALID_CONFIG' }),
    );
  });
});
