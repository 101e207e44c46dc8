import { LoopyardError } from '../../../domain/errors.ts';
import type { ProjectFile } from '../../../domain/settings/project-file.ts';
import type { Settings } from '../../../domain/settings/settings.ts';
import type { Line } from '../extra.ts';
import type { trustFace } from '../faces.ts';
import { paintFor, printable, toJson } from '../render.ts';
import { tableFor } from '../table.ts';
import type { Terminal } from '../terminal.ts';
import type { SettingsWorld } from './world.ts';

/**
 * Shows what a repository's loopyard.json would run, and records that the user agrees to exactly that content. The
 * bytes that are shown are the bytes that are trusted: whatever is in the file a moment later is another content.
 */
export async function trust(
  makeWorld: (workspace: string | undefined) => Promise<SettingsWorld>,
  { yes, revoke, list, json, workspace }: Line<typeof trustFace>,
  terminal: Terminal,
): Promise<number> {
  if (revoke && list)
    throw new LoopyardError('INVALID_ARGUMENT', '"--revoke" and "--list" exclude each other.');
  const world = await makeWorld(workspace);
  if (world.inside) {
    throw new LoopyardError('NOT_ALLOWED_HERE', 'A worker trusts nothing: only a person at a terminal does.');
  }
  const tell = (answer: Record<string, unknown>, lines: readonly string[]) =>
    terminal.stdout.write(json ? `${toJson(answer, 0)}\n` : `${lines.join('\n')}\n`);
  if (list) return listed(world, terminal, json);
  if (world.repository === undefined) {
    throw new LoopyardError(
      'NOT_A_REPOSITORY',
      'Trust is given to a file of a repository, and here is none.',
    );
  }
  if (revoke) {
    const revoked = world.revoke();
    tell({ revoked }, [
      revoked ? 'Trusted no more: what loopyard.json names is inert.' : 'Nothing was trusted here.',
    ]);
    return 0;
  }
  const settings = world.settings();
  const file = present(settings);
  const answer = {
    file: file.file,
    sha256: file.sha256,
    state: file.state,
    content: file.dangerous,
    changes: file.changes,
  };
  if (file.state === 'harmless' || file.state === 'trusted') {
    tell({ ...answer, trusted: true }, [...content(file), settledAlready(file.state)]);
    return 0;
  }
  if (!json) tell({}, content(file));
  if (!yes && !(await agreed(world, json))) {
    terminal.stderr.write('Nothing was trusted.\n');
    return 1;
  }
  world.trust(file);
  tell({ ...answer, state: 'trusted', trusted: true }, ['Trusted. Any change of the file asks again.']);
  return 0;
}

function present({ project, projectFile }: Settings): ProjectFile {
  if (project === undefined) {
    throw new LoopyardError(
      'INVALID_ARGUMENT',
      projectFile === undefined
        ? 'This repository has no main checkout, and so no loopyard.json that would be read.'
        : `There is nothing to trust: ${projectFile} does not exist. loopyard init can write it.`,
    );
  }
  if (project.state !== 'broken') return project;
  throw new LoopyardError('INVALID_CONFIG', project.problems.join(' '), { file: project.file });
}

/** All of it, nothing shortened, and every character visible: what is not seen cannot be agreed to. */
function content({ file, sha256, dangerous, changes, state }: ProjectFile): string[] {
  return [
    `${printable(file)}`,
    `SHA-256 ${sha256}`,
    ...(state === 'changed'
      ? ['', 'Changed since it was trusted:', ...changes.map((change) => `  ${printable(change)}`)]
      : []),
    '',
    ...(state === 'harmless'
      ? []
      : [
          'It names these commands, variables and paths; trusted, they are used as you:',
          toJson(dangerous, 2),
          '',
        ]),
  ];
}

const settledAlready = (state: 'harmless' | 'trusted') =>
  state === 'trusted'
    ? 'This content is trusted.'
    : 'It names no command, variable or path: there is nothing to trust.';

async function agreed(world: SettingsWorld, json: boolean): Promise<boolean> {
  if (world.interactive && !json) return world.confirm('Trust this content?');
  throw new LoopyardError('INVALID_ARGUMENT', 'Nobody is there to ask: read what it names, and say --yes.');
}

async function listed(world: SettingsWorld, terminal: Terminal, json: boolean): Promise<number> {
  const files = world.trusted();
  if (json) {
    terminal.stdout.write(`${toJson({ trusted: files }, 0)}\n`);
    return 0;
  }
  const paint = paintFor(terminal, await tableFor(terminal));
  const rows = files.map(({ repository, sha256, at }) => [
    printable(repository),
    sha256.slice(0, 12),
    paint.ago(at),
  ]);
  terminal.stdout.write(
    rows.length > 0
      ? `${paint.table([['repository', 'sha256', 'trusted'], ...rows])}\n`
      : 'Nothing is trusted.\n',
  );
  return 0;
}
