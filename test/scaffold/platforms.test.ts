import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parse as parseToml } from '@decimalturn/toml-patch';
import { parse as parseJson } from 'jsonc-parser';
import { describe, expect, test } from 'vitest';
import { areAlike, type Content } from '../../src/scaffold/content.ts';
import { launchOf } from '../../src/scaffold/launch.ts';
import { type Ground, targetsOf } from '../../src/scaffold/places.ts';
import { entryOf, type Files, planned } from '../../src/scaffold/plan.ts';
import { Platform, type Scope } from '../../src/scaffold/platform.ts';
import { platformSections } from '../../src/scaffold/platform-table.ts';
import { plannedRemoval } from '../../src/scaffold/removal.ts';
import { filledTemplate } from '../../src/scaffold/templates.ts';

const folder = fileURLToPath(new URL('../../scaffolding/', import.meta.url));
const names = readdirSync(`${folder}platforms`);
const platforms = names.map((name) =>
  Platform.parse(JSON.parse(readFileSync(`${folder}platforms/${name}`, 'utf8'))),
);
const templates = Object.fromEntries(
  readdirSync(`${folder}templates`).map((name) => [
    name,
    filledTemplate(
      readFileSync(`${folder}templates/${name}`, 'utf8'),
      'Purpose.\n\n# Use\n- a\n\n# Never\n- b',
    ),
  ]),
);
const content: Content = {
  launch: { command: '/bin/node', args: ['/l/bin.js', 'mcp'] },
  version: '1.2.3',
  templates,
};
const ground: Ground = { system: 'linux', home: '/home/ada', env: {}, project: '/repo' };
const scopes: readonly Scope[] = ['project', 'user'];

/** Files in memory; links are names that mean another file. */
function disk(texts: Readonly<Record<string, string>>, links: Readonly<Record<string, string>> = {}): Files {
  return (path) => {
    const real = links[path] ?? path;
    return { real, text: texts[real] };
  };
}

function planFor(chosen: readonly Platform[], scope: Scope, texts: Readonly<Record<string, string>> = {}) {
  return planned(chosen, scope, ground, disk(texts), content);
}

function applied(
  texts: Readonly<Record<string, string>>,
  changes: readonly { real: string; after: string | undefined }[],
): Record<string, string> {
  const all = { ...texts, ...Object.fromEntries(changes.map(({ real, after }) => [real, after])) };
  return Object.fromEntries(
    Object.entries(all).flatMap(([path, text]) => (text === undefined ? [] : [[path, text]])),
  );
}

const named = (id: string) => platforms.filter((platform) => platform.id === id);

test('every file is named for its platform', () => {
  expect(names).toEqual(platforms.map(({ id }) => `${id}.json`));
  expect(names.length).toBeGreaterThan(20);
});

test('what was tried says with which version, and nothing else does', () => {
  for (const { id, tried, version } of platforms) {
    expect([id, version !== undefined]).toEqual([id, tried === 'real program']);
  }
});

test('every template that is named exists, and every one is used', () => {
  const used = platforms.flatMap((platform) =>
    scopes.flatMap((scope) =>
      targetsOf(platform, scope).flatMap((target) => ('template' in target ? [target.template] : [])),
    ),
  );
  expect([...new Set(used)].sort()).toEqual(Object.keys(templates).sort());
});

test('a person is told what to do in every scope a platform has a server in', () => {
  for (const platform of platforms) {
    for (const scope of scopes) {
      const served = targetsOf(platform, scope).some((target) => 'at' in target);
      if (served) expect([platform.id, platform.steps[scope].length > 0]).toEqual([platform.id, true]);
    }
  }
});

test('platforms that share a file put the same into it', () => {
  const targets = platforms.flatMap(({ project, user }) => [...project, ...user]);
  for (const one of targets) {
    for (const other of targets) {
      if (JSON.stringify(one.file) === JSON.stringify(other.file)) expect(areAlike(one, other)).toBe(true);
    }
  }
});

describe.each(platforms.map((platform) => [platform.id, platform] as const))('%s', (_, platform) => {
  test('is planned like this', () => {
    const plans = scopes.map((scope) => {
      const { files, servers, untouched } = planFor([platform], scope);
      expect(untouched).toEqual([]);
      return {
        scope,
        files: Object.fromEntries(
          files.map(({ path, after }) => [path, /\.(?:json|toml)$/.test(path) ? after : '…']),
        ),
        servers: servers.length,
      };
    });
    expect(plans).toMatchSnapshot();
  });

  test.each(scopes)(
    'planned twice for the scope %s leaves nothing to do, and the entry starts the server',
    (scope) => {
      const { files, servers } = planFor([platform], scope);
      const texts = applied({}, files);
      expect(planFor([platform], scope, texts).files).toEqual([]);
      for (const server of servers) {
        expect(launchOf(entryOf(server, texts[server.real] ?? ''))).toEqual({ ...content.launch, env: {} });
      }
    },
  );

  test.each(scopes)('taken out of the scope %s leaves nothing, though nothing is remembered', (scope) => {
    const texts = applied({}, planFor([platform], scope).files);
    const removal = plannedRemoval([platform], [scope], ground, disk(texts), () => undefined);
    expect(removal.untouched).toEqual([]);
    expect(applied(texts, removal.files)).toEqual({});
  });

  test.each(scopes)('what others have in the files of the scope %s stays', (scope) => {
    const foreign = Object.fromEntries(
      planFor([platform], scope).files.flatMap(({ path }) => {
        if (path.endsWith('.json')) return [[path, '{\n  // mine\n  "foreign": [1, 2], // too\n}']];
        if (path.endsWith('.toml') && !path.includes('commands'))
          return [[path, '# mine\nforeign = 1 # too\n']];
        if (/(?:AGENTS|GEMINI)\.md$/.test(path)) return [[path, '# Mine\r\n']];
        return [];
      }),
    );
    const { files } = planFor([platform], scope, foreign);
    const texts = applied(foreign, files);
    for (const path of Object.keys(foreign)) {
      expect(texts[path]).not.toBe(foreign[path]);
      if (path.endsWith('.json'))
        expect(parseJson(texts[path] ?? '', [], { allowTrailingComma: true })).toMatchObject({
          foreign: [1, 2],
        });
      if (path.endsWith('.toml')) expect(parseToml(texts[path] ?? '')).toMatchObject({ foreign: 1 });
      expect(texts[path]).toMatch(/mine/i);
    }
    const written = (real: string) => {
      const change = files.find((file) => file.real === real);
      return change && { before: undefined, clean: false, after: '', shells: change.shells };
    };
    const removal = plannedRemoval([platform], [scope], ground, disk(texts), written);
    expect(applied(texts, removal.files)).toEqual(foreign);
  });
});

describe('a plan', () => {
  test('writes a file that several read once', () => {
    const { files } = planFor([...named('claude'), ...named('copilot'), ...named('qwen')], 'project');
    expect(files.map(({ path, platforms: ids }) => [path, ids])).toEqual([
      ['/repo/.mcp.json', ['claude', 'copilot', 'qwen']],
      ['/repo/AGENTS.md', ['claude', 'copilot', 'qwen']],
      ['/repo/.claude/skills/loopyard/SKILL.md', ['claude']],
      ['/repo/.claude/commands/loop.md', ['claude']],
      ['/repo/.agents/skills/loopyard/SKILL.md', ['copilot', 'qwen']],
      ['/repo/.qwen/commands/loop.md', ['qwen']],
    ]);
  });

  test('gives Kilo the file of OpenCode when that is there or comes', () => {
    const both = [...named('kilo'), ...named('opencode')];
    const paths = (texts: Record<string, string>, chosen: readonly Platform[]) =>
      planFor(chosen, 'project', texts).servers.map(({ path }) => path);
    expect(paths({}, named('kilo'))).toEqual(['/repo/kilo.json']);
    expect(paths({}, both)).toEqual(['/repo/opencode.json', '/repo/opencode.json']);
    expect(paths({ '/repo/opencode.json': '{}' }, named('kilo'))).toEqual(['/repo/opencode.json']);
    expect(paths({ '/repo/opencode.jsonc': '{}' }, named('opencode'))).toEqual(['/repo/opencode.jsonc']);
  });

  test('puts the rules where Claude Code reads them', () => {
    const block = (texts: Record<string, string>) =>
      planFor(named('claude'), 'project', texts).files.find(
        ({ path }) => /[A-Z]+\.md$/.test(path) && !path.includes('SKILL'),
      )?.path;
    expect(block({})).toBe('/repo/AGENTS.md');
    expect(block({ '/repo/CLAUDE.md': 'mine' })).toBe('/repo/CLAUDE.md');
    expect(block({ '/repo/CLAUDE.md': '@AGENTS.md\n' })).toBe('/repo/AGENTS.md');
  });

  test('puts one block into two names of one file', () => {
    const files = disk({ '/repo/AGENTS.md': 'mine\n' }, { '/repo/CLAUDE.md': '/repo/AGENTS.md' });
    const plan = planned([...named('claude'), ...named('codex')], 'project', ground, files, content);
    const agents = plan.files.filter(({ real }) => real === '/repo/AGENTS.md');
    expect(agents.map(({ after }) => after?.match(/loopyard:begin/g)?.length)).toEqual([1]);
  });

  test('does not create a file that would hide another', () => {
    const { files, untouched } = planFor(named('claude'), 'project', { '/repo/.github/mcp.json': '{}' });
    expect(files.map(({ path }) => path)).not.toContain('/repo/.mcp.json');
    expect(untouched).toMatchObject([
      {
        path: '/repo/.mcp.json',
        because: '/repo/.github/mcp.json would no longer be read once this file exists.',
      },
    ]);
  });

  test('leaves a broken file alone, says where, and goes on with the others', () => {
    const { files, untouched } = planFor([...named('claude'), ...named('cursor')], 'project', {
      '/repo/.mcp.json': '{\n  oops\n}',
      '/repo/.cursor/rules/loopyard.mdc': 'mine',
    });
    expect(untouched).toMatchObject([
      {
        path: '/repo/.mcp.json',
        line: 2,
        column: 3,
        kept: false,
        byHand: expect.stringContaining('"loopyard": {'),
      },
      {
        path: '/repo/.cursor/rules/loopyard.mdc',
        because: 'A file that is not from loopyard has this name.',
      },
    ]);
    expect(files.map(({ path }) => path)).toContain('/repo/.cursor/mcp.json');
  });

  test('keeps a file of ours that the person has edited, and renews one of an older version', () => {
    const [first] = named('gemini');
    const texts = applied({}, planFor(first ? [first] : [], 'project').files);
    const skill = '/repo/.agents/skills/loopyard/SKILL.md';
    const edited = planFor(named('gemini'), 'project', { ...texts, [skill]: `${texts[skill]}More.\n` });
    expect(edited).toMatchObject({ files: [], untouched: [{ path: skill, kept: true }] });
    const newer = planned(named('gemini'), 'project', ground, disk(texts), { ...content, version: '1.3.0' });
    expect(newer.files.map(({ path }) => path)).toEqual([
      '/repo/GEMINI.md',
      skill,
      '/repo/.gemini/commands/loop.toml',
    ]);
  });

  test('follows a folder that the environment moved', () => {
    const env = { CODEX_HOME: '/elsewhere', CLAUDE_CONFIG_DIR: '/claude', XDG_CONFIG_HOME: '' };
    const paths = [...named('claude'), ...named('codex'), ...named('opencode')].flatMap((platform) =>
      planned([platform], 'user', { ...ground, env }, disk({}), content).servers.map(({ path }) => path),
    );
    expect(paths).toEqual([
      '/claude/.claude.json',
      '/elsewhere/config.toml',
      '/home/ada/.config/opencode/opencode.json',
    ]);
  });
});

test('the reference of the platforms is what their files say', async () => {
  const intro =
    'Every platform is one file in `scaffolding/platforms/`; `loopyard init` knows no other place. Which file holds the server is\n' +
    'in the table of the [README](../README.md#clients). No definitions of subagents are written: a worker is a process of its\n' +
    'own that loopyard starts and briefs, and a second description of it in the client would only age.';
  const text = `# Platforms\n\n<!-- Written by npm run docs. Change the source instead. -->\n\n${intro}\n\n${platformSections(platforms)}\n`;
  await expect(text).toMatchFileSnapshot(fileURLToPath(new URL('../../docs/platforms.md', import.meta.url)));
});
