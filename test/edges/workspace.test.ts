import { expect, test } from 'vitest';
import { chooseWorkspace, type WorkspaceSignals } from '../../src/edges/workspace.ts';

const everything: WorkspaceSignals = {
  argument: '/argument',
  flag: '/flag',
  env: { LOOPYARD_WORKSPACE: '/variable', CLAUDE_PROJECT_DIR: '/claude', WORKSPACE_FOLDER_PATHS: '/cursor' },
  codex: '/codex',
  roots: async () => ['file:///root%20one'],
  cwd: '/cwd',
  home: '/home/me',
};
const { argument: _a, ...noArgument } = everything;
const { flag: _f, ...noFlag } = noArgument;
const env = (...names: readonly string[]) =>
  Object.fromEntries(Object.entries(everything.env).filter(([name]) => names.includes(name)));
const folders = (WORKSPACE_FOLDER_PATHS: string) => ({
  ...noFlag,
  codex: undefined,
  env: { WORKSPACE_FOLDER_PATHS },
});
const bare: WorkspaceSignals = { env: {}, cwd: '/cwd', home: '/home/me' };

test.each<[string, WorkspaceSignals, string]>([
  ['the argument before all', everything, '/argument'],
  ['the flag of the process', noArgument, '/flag'],
  ['the variable of ours', noFlag, '/variable'],
  ['the sandbox of Codex', { ...noFlag, env: env('CLAUDE_PROJECT_DIR', 'WORKSPACE_FOLDER_PATHS') }, '/codex'],
  ['the sandbox of Codex as a URI', { ...bare, codex: 'file:///codex%20one' }, '/codex one'],
  [
    'the project of Claude',
    { ...noFlag, codex: undefined, env: env('CLAUDE_PROJECT_DIR', 'WORKSPACE_FOLDER_PATHS') },
    '/claude',
  ],
  ['the only folder of Cursor', folders('/cursor'), '/cursor'],
  ['no folder of Cursor when there are two, but the only root', folders('/one,/two'), '/root one'],
  ['no folder when they are joined as the platform does', folders('/one:/two'), '/root one'],
  [
    'no root when there are two, but the working directory',
    { ...bare, roots: async () => ['file:///a', 'file:///b'] },
    '/cwd',
  ],
  ['no root on another machine', { ...bare, roots: async () => ['vscode-remote://host/a'] }, '/cwd'],
  ['no relative path from the environment', { ...bare, env: { CLAUDE_PROJECT_DIR: '.' } }, '/cwd'],
  ['a relative flag from where the process stands', { ...noArgument, flag: 'sub' }, '/cwd/sub'],
  ['an empty flag as none', { ...bare, flag: '' }, '/cwd'],
  ['an empty argument as none', { ...bare, argument: '' }, '/cwd'],
  ['a null argument as none', { ...bare, argument: null }, '/cwd'],
  ['the working directory at last', bare, '/cwd'],
])('takes %s', async (_, signals, expected) => {
  expect((await chooseWorkspace(signals)).path).toBe(expected);
});

test('only the working directory counts as guessed', async () => {
  expect(await chooseWorkspace(bare)).toMatchObject({ guessed: true });
  expect(await chooseWorkspace(everything)).toMatchObject({ guessed: false });
});

test.each([
  ['the home directory', { ...bare, cwd: '/home/me/' }],
  ['the root of the file system', { ...bare, cwd: '/' }],
])('standing in %s names no workspace', async (_, signals) => {
  await expect(chooseWorkspace(signals)).rejects.toMatchObject({ code: 'NO_WORKSPACE' });
});

test.each([['relative/path'], [7], [['/a']]])(
  'the argument %j is an error, not a reason to look elsewhere',
  async (argument) => {
    await expect(chooseWorkspace({ ...everything, argument })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
    });
  },
);

test('roots are not asked for when something before them decides', async () => {
  let asked = 0;
  const roots = async () => {
    asked += 1;
    return [];
  };
  await chooseWorkspace({ ...everything, roots });
  expect(asked).toBe(0);
  await chooseWorkspace({ ...bare, roots });
  expect(asked).toBe(1);
});
